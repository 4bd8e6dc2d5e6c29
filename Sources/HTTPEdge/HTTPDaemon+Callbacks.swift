import CMicrohttpd
import MeterTelemetry

// What libmicrohttpd calls, on its own thread: each turns C into Swift, asks the dispatcher, and does as it says.

func httpLine(_ context: UnsafeMutableRawPointer?, _ line: UnsafePointer<CChar>?) {
  guard let context = unsafe context, let line = unsafe line else { return }
  unsafe Unmanaged<HTTPDaemon>.fromOpaque(context).takeUnretainedValue().receiveLine(String(cString: line))
}

/// The request line has come. What is given back is the connection's, until `httpComplete`.
func httpBegin(
  _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
  guard let context = unsafe context, let target = unsafe target else { return nil }
  let daemon = unsafe Unmanaged<HTTPDaemon>.fromOpaque(context).takeUnretainedValue()
  return unsafe Unmanaged.passRetained(daemon.begin(target)).toOpaque()
}

/// Called with the headers first, then with each part of the body, then once more at the end.
func httpAnswer(
  _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ url: UnsafePointer<CChar>?,
  _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ bytes: UnsafePointer<CChar>?,
  _ count: UnsafeMutablePointer<Int>?, _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
  guard let context = unsafe context, let connection = unsafe connection, let method = unsafe method,
    let count = unsafe count, let held = unsafe slot?.pointee
  else { return .NO }
  let dispatcher = unsafe Unmanaged<HTTPDaemon>.fromOpaque(context).takeUnretainedValue().dispatcher
  let exchange = unsafe Unmanaged<Exchange>.fromOpaque(held).takeUnretainedValue()
  if !exchange.isOpen {
    let headers = unsafe collectHeaders(connection)
    switch unsafe dispatcher.receiveHeaders(exchange, method: String(cString: method), headers) {
    case .proceed: return .YES
    case .refuse: return unsafe queue(dispatcher.answer(exchange), isLast: true, exchange, connection)
    case .cut: return .NO
    }
  }
  if let bytes = unsafe bytes, unsafe count.pointee > 0 {
    let part = unsafe UnsafeRawBufferPointer(start: bytes, count: count.pointee)
    // Taking every byte: what is left over would be offered again and again.
    unsafe count.pointee = 0
    return unsafe dispatcher.receiveBody(exchange, part) == .cut ? .NO : .YES
  }
  guard exchange.status == nil else { return .YES }
  return unsafe queue(dispatcher.answer(exchange), isLast: false, exchange, connection)
}

/// The request is over, well or badly; nothing uses the exchange after this.
func httpComplete(
  _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
  _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ end: MHD_RequestTerminationCode
) {
  guard let context = unsafe context, let slot = unsafe slot, let held = unsafe slot.pointee else { return }
  let daemon = unsafe Unmanaged<HTTPDaemon>.fromOpaque(context).takeUnretainedValue()
  let exchange = unsafe Unmanaged<Exchange>.fromOpaque(held).takeRetainedValue()
  unsafe slot.pointee = nil
  let now = MonotonicClock.now()
  if let connection = unsafe connection { unsafe daemon.deadlines.renew(cmicrohttpd_socket(connection), at: now) }
  daemon.dispatcher.complete(exchange, isSent: end == .REQUEST_TERMINATED_COMPLETED_OK, at: now)
}

func httpConnection(
  _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
  _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ event: MHD_ConnectionNotificationCode
) {
  guard let context = unsafe context, let connection = unsafe connection else { return }
  let deadlines = unsafe Unmanaged<HTTPDaemon>.fromOpaque(context).takeUnretainedValue().deadlines
  let socket = unsafe cmicrohttpd_socket(connection)
  if event == .CONNECTION_NOTIFY_STARTED {
    deadlines.open(socket, at: MonotonicClock.now())
  } else {
    deadlines.close(socket)
  }
}

private func collectHeaders(_ connection: OpaquePointer) -> HTTPHeaders {
  var headers = HTTPHeaders()
  unsafe withUnsafeMutablePointer(to: &headers) { headers in
    _ = unsafe MHD_get_connection_values_n(
      connection, .HEADER_KIND,
      { context, _, name, nameBytes, value, valueBytes in
        guard let context = unsafe context, let name = unsafe name else { return .YES }
        let nameText = unsafe String(decoding: UnsafeRawBufferPointer(start: name, count: nameBytes), as: UTF8.self)
        let valueText = unsafe String(decoding: UnsafeRawBufferPointer(start: value, count: valueBytes), as: UTF8.self)
        unsafe context.assumingMemoryBound(to: HTTPHeaders.self).pointee.append(nameText, valueText)
        return .YES
      }, headers)
  }
  return headers
}

private func queue(
  _ response: HTTPResponse, isLast: Bool, _ exchange: Exchange, _ connection: OpaquePointer
) -> MHD_Result {
  let made = unsafe response.body.withUnsafeBytes { body in
    unsafe MHD_create_response_from_buffer(
      body.count, UnsafeMutableRawPointer(mutating: body.baseAddress), .RESPMEM_MUST_COPY)
  }
  guard let made = unsafe made else { return .NO }
  // Queued, it has a count of its own; this one is ours and goes in any case.
  defer { unsafe MHD_destroy_response(made) }
  var headers = response.headers
  headers.append(("X-Content-Type-Options", "nosniff"))
  if !headers.contains(where: { $0.name == "Cache-Control" }) { headers.append(("Cache-Control", "no-store")) }
  if isLast { headers.append(("Connection", "close")) }
  // A value with a line break is refused here, and the whole answer with it: half of one would be worse.
  for (name, value) in headers {
    guard unsafe MHD_add_response_header(made, name, value) == .YES else { return .NO }
  }
  exchange.status = response.status
  return unsafe MHD_queue_response(connection, UInt32(response.status), made)
}
