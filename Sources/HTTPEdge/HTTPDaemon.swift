import CMicrohttpd
import Glibc
import MeterTelemetry
import Synchronization

/// One running libmicrohttpd daemon: its thread, its callbacks, and the memory that both read.
///
/// The daemon's context is this object, retained once for the daemon and released when it has stopped. Every exchange
/// is retained by its connection from `begin` to `complete`, which libmicrohttpd calls once each, whatever becomes of
/// the request. Malformed requests that never reach a callback (400, 414, 431, 501, 505) it answers by itself, in
/// plain HTML. It sees a client that leaves right behind a part of its request only when the connection's idle time
/// is over.
@safe final class HTTPDaemon: Sendable {
  /// Addresses and not pointers, so that whichever thread stops the daemon may take them; 0 when it does not run.
  private struct Handles {
    var daemon: UInt = 0
    var settings: UInt = 0
  }

  let dispatcher: HTTPDispatcher
  let deadlines = ConnectionDeadlines()
  private let bounds: HTTPBounds
  private let log: Log
  private let handles = Mutex(Handles())
  private let lastLine = Mutex("")

  init(dispatcher: HTTPDispatcher, bounds: HTTPBounds, log: Log) {
    self.dispatcher = dispatcher
    self.bounds = bounds
    self.log = log
  }

  /// What libmicrohttpd last complained about.
  var lastComplaint: String { lastLine.withLock { $0 } }

  /// Takes the socket over in any case. Callable once.
  func start(on socket: Int32, tls: (cert: [UInt8], key: [UInt8])?) -> Bool {
    let settings = UnsafeMutablePointer<cmicrohttpd_settings>.allocate(capacity: 1)
    unsafe settings.initialize(to: cmicrohttpd_settings())
    unsafe settings.pointee.context = Unmanaged.passRetained(self).toOpaque()
    unsafe settings.pointee.line = httpLine
    unsafe settings.pointee.begin = httpBegin
    unsafe settings.pointee.answer = httpAnswer
    unsafe settings.pointee.complete = httpComplete
    unsafe settings.pointee.connection = httpConnection
    unsafe settings.pointee.listen_socket = socket
    unsafe settings.pointee.connections_max = UInt32(bounds.connections)
    unsafe settings.pointee.connection_bytes_max = bounds.connectionBytes
    unsafe settings.pointee.idle_seconds_max = UInt32(bounds.idleSeconds)
    if let tls {
      unsafe settings.pointee.tls_cert = Self.text(tls.cert)
      unsafe settings.pointee.tls_key = Self.text(tls.key)
    }
    // When it fails it has closed the socket already, which nothing says but a look; closing it again could hit
    // another thread's file.
    guard let daemon = unsafe cmicrohttpd_start(settings) else {
      unsafe release(settings)
      return false
    }
    let running = Handles(daemon: UInt(bitPattern: daemon), settings: UInt(bitPattern: settings))
    handles.withLock { $0 = running }
    return true
  }

  /// Takes no more connections; those that are open go on.
  func quiesce() {
    guard let daemon = unsafe OpaquePointer(bitPattern: handles.withLock { $0.daemon }) else { return }
    let socket = unsafe MHD_quiesce_daemon(daemon)
    if socket >= 0 { close(socket) }
  }

  /// Ends all connections and waits for the daemon's thread, for as long as a handler holds it up.
  func stop() {
    let taken = handles.withLock { handles in
      defer { handles = Handles() }
      return handles
    }
    guard let daemon = unsafe OpaquePointer(bitPattern: taken.daemon) else { return }
    unsafe MHD_stop_daemon(daemon)
    if let settings = unsafe UnsafeMutablePointer<cmicrohttpd_settings>(bitPattern: taken.settings) {
      unsafe release(settings)
    }
  }

  func receiveLine(_ line: String) {
    let line = String(line.trimmingSuffix { $0.isWhitespace })
    lastLine.withLock { $0 = line }
    log.info("libmicrohttpd", ["text": .string(line)])
  }

  func begin(_ target: UnsafePointer<CChar>) -> Exchange {
    let length = unsafe strnlen(target, bounds.targetBytes + 1)
    let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: target, count: length))
    return dispatcher.begin(bytes, at: MonotonicClock.now())
  }

  private func release(_ settings: UnsafeMutablePointer<cmicrohttpd_settings>) {
    if let cert = unsafe settings.pointee.tls_cert { unsafe free(cert) }
    if let key = unsafe settings.pointee.tls_key {
      unsafe explicit_bzero(key, strlen(key))
      unsafe free(key)
    }
    if let context = unsafe settings.pointee.context { unsafe Unmanaged<HTTPDaemon>.fromOpaque(context).release() }
    unsafe settings.deinitialize(count: 1)
    unsafe settings.deallocate()
  }

  /// A C string of our own; libmicrohttpd keeps the pointer for as long as it runs.
  private static func text(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar>? {
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe strndup(bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
    }
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> SubSequence {
    var rest = self[...]
    while let last = rest.last, isDropped(last) { rest.removeLast() }
    return rest
  }
}
