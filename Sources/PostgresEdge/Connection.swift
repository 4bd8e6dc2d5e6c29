import CLibpq
import Glibc
import MeterTelemetry

/// One connection of libpq. Whoever holds it is its only user; it closes when it goes.
///
/// Every call has a deadline: a server that stalls costs at most that long, and then counts as lost.
@safe
struct Connection: ~Copyable {
  private let handle: OpaquePointer
  /// The server's own number of this session, once asked; a pooler in between invents another one for `PQbackendPID`.
  var backend: Int32 = 0

  /// `target` is a URL or a conninfo string; what it says goes before our defaults.
  init(_ target: String, name: String) throws(PostgresError) {
    var defaults: [(String, String)] = [
      ("connect_timeout", "5"), ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
      ("tcp_user_timeout", "30000"), ("application_name", name), ("client_encoding", "UTF8"),
    ]
    // Of several hosts the one that takes writes: after a failover that is another one.
    if Self.namesSeveralHosts(target) { defaults.append(("target_session_attrs", "read-write")) }
    defaults.append(("dbname", target))
    let handle = unsafe withCStrings(defaults.map(\.0)) { keys in
      unsafe withCStrings(defaults.map(\.1)) { values in unsafe PQconnectdbParams(keys, values, 1) }
    }
    guard let handle = unsafe handle else { throw .unreachable("out of memory") }
    guard unsafe PQstatus(handle) == CONNECTION_OK, unsafe PQsetnonblocking(handle, 1) == 0 else {
      let why = unsafe oneLine(String(cString: PQerrorMessage(handle)))
      let state = Self.state(in: why)
      unsafe PQfinish(handle)
      if let state { throw .refused(state: state, message: why) }
      throw .unreachable(why)
    }
    // Notices would go to stderr, past our log.
    _ = unsafe PQsetNoticeReceiver(handle, { _, _ in }, nil)
    unsafe self.handle = handle
  }

  deinit { unsafe PQfinish(handle) }

  private static func namesSeveralHosts(_ target: String) -> Bool {
    guard let options = unsafe PQconninfoParse(target, nil) else { return false }
    defer { unsafe PQconninfoFree(options) }
    var option = unsafe options
    while let keyword = unsafe option.pointee.keyword {
      let name = unsafe String(cString: keyword)
      if name == "host" || name == "hostaddr", let value = unsafe option.pointee.val {
        let hosts = unsafe String(cString: value)
        if hosts.contains(",") { return true }
      }
      unsafe option += 1
    }
    return false
  }

  /// Whether something that is not PostgreSQL answers for it.
  var isPooled: Bool { unsafe PQbackendPID(handle) != backend }

  /// libpq gives no state for a refused connection; these are the refusals that another attempt will not mend.
  private static func state(in message: String) -> String? {
    if message.contains("password authentication failed") || message.contains("no password supplied") { return "28P01" }
    if message.contains("role \"") && message.contains("does not exist") { return "28000" }
    if message.contains("no pg_hba.conf entry") { return "28000" }
    if message.contains("database \"") && message.contains("does not exist") { return "3D000" }
    if message.contains("session is read-only") || message.contains("server is in hot standby mode") { return "25006" }
    return nil
  }

  /// What to do each time that an answer has not come for so long.
  struct Impatience {
    var ms: Int
    var act: () -> Void
  }

  /// Runs one statement and reads its answer to the end.
  func execute(
    _ sql: String, _ parameters: [Parameter] = [], binary: Bool = false, timeoutMs: Int = 30_000,
    impatience: Impatience? = nil
  ) throws(PostgresError) -> Rows {
    let deadline = MonotonicClock.now() + Int64(timeoutMs) * 1_000_000
    try send(sql, parameters, binary)
    try flush(deadline)
    if let impatience {
      while try !hasAnswer(by: min(deadline, MonotonicClock.now() + Int64(impatience.ms) * 1_000_000)),
        MonotonicClock.now() < deadline
      { impatience.act() }
    }
    return try answer(deadline)
  }

  /// Sends one statement; `finish` reads its answer. Nothing else may be asked in between.
  func begin(_ sql: String, _ parameters: [Parameter], timeoutMs: Int) throws(PostgresError) {
    try send(sql, parameters, false)
    try flush(MonotonicClock.now() + Int64(timeoutMs) * 1_000_000)
  }

  func finish(timeoutMs: Int) throws(PostgresError) -> Rows {
    try answer(MonotonicClock.now() + Int64(timeoutMs) * 1_000_000)
  }

  private func hasAnswer(by moment: Int64) throws(PostgresError) -> Bool {
    while unsafe PQisBusy(handle) == 1 {
      guard try isReadable(by: moment) else { return false }
      guard unsafe PQconsumeInput(handle) == 1 else { throw lost() }
    }
    return true
  }

  /// Reads to the end of the answer: an error may still follow a result.
  private func answer(_ deadline: Int64) throws(PostgresError) -> Rows {
    var rows = Rows()
    var failure: PostgresError?
    while true {
      while unsafe PQisBusy(handle) == 1 {
        try wait(Int16(POLLIN), deadline)
        guard unsafe PQconsumeInput(handle) == 1 else { throw lost() }
      }
      guard let result = unsafe PQgetResult(handle) else { break }
      defer { unsafe PQclear(result) }
      switch unsafe PQresultStatus(result) {
      case PGRES_COMMAND_OK: rows.tag = unsafe String(cString: PQcmdStatus(result))
      case PGRES_TUPLES_OK: unsafe rows.take(result)
      default:
        let state = unsafe PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { unsafe String(cString: $0) }
        let message = unsafe PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { unsafe String(cString: $0) }
        if let state { failure = .refused(state: state, message: oneLine(message ?? "")) }
      }
    }
    guard unsafe PQstatus(handle) == CONNECTION_OK else { throw lost() }
    if let failure { throw failure }
    return rows
  }

  /// Channels that were notified by then.
  func notifications(withinMs limit: Int) throws(PostgresError) -> Set<String> {
    var channels: Set<String> = []
    guard try isReadable(by: MonotonicClock.now() + Int64(limit) * 1_000_000) else { return channels }
    guard unsafe PQconsumeInput(handle) == 1 else { throw lost() }
    while let notification = unsafe PQnotifies(handle) {
      channels.insert(unsafe String(cString: notification.pointee.relname))
      unsafe PQfreemem(notification)
    }
    return channels
  }

  /// Runs several statements as one message, without parameters and answers.
  func script(_ sql: String, timeoutMs: Int = 120_000) throws(PostgresError) {
    let deadline = MonotonicClock.now() + Int64(timeoutMs) * 1_000_000
    guard unsafe PQsendQuery(handle, sql) == 1 else { throw lost() }
    try flush(deadline)
    _ = try answer(deadline)
  }

  private func send(_ sql: String, _ parameters: [Parameter], _ binary: Bool) throws(PostgresError) {
    var types: [Oid] = []
    var lengths: [Int32] = []
    var formats: [Int32] = []
    // One buffer for all values: libpq copies them before the call returns.
    var bytes: [UInt8] = []
    var starts: [Int?] = []
    for parameter in parameters {
      types.append(parameter.type)
      lengths.append(Int32(parameter.bytes?.count ?? 0))
      formats.append(1)
      starts.append(parameter.bytes == nil ? nil : bytes.count)
      bytes += parameter.bytes ?? []
    }
    bytes.append(0)
    let sent = unsafe bytes.withUnsafeBytes { buffer in
      let base = unsafe buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
      let values = unsafe starts.map { start in unsafe start.map { unsafe base + $0 } }
      return unsafe PQsendQueryParams(
        handle, sql, Int32(parameters.count), types, values, lengths, formats, binary ? 1 : 0)
    }
    guard sent == 1 else { throw lost() }
  }

  private func flush(_ deadline: Int64) throws(PostgresError) {
    while true {
      switch unsafe PQflush(handle) {
      case 0: return
      case 1: break
      default: throw lost()
      }
      let ready = try wait(Int16(POLLIN | POLLOUT), deadline)
      if ready & Int16(POLLIN) != 0, unsafe PQconsumeInput(handle) != 1 { throw lost() }
    }
  }

  private func isReadable(by moment: Int64) throws(PostgresError) -> Bool {
    while true {
      let left = (moment - MonotonicClock.now()) / 1_000_000
      guard left > 0 else { return false }
      var descriptor = unsafe pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
      let ready = unsafe poll(&descriptor, 1, Int32(min(left + 1, 1_000)))
      if ready > 0 { return true }
      if ready < 0, errno != EINTR { throw .lost("poll failed (errno \(errno))") }
    }
  }

  @discardableResult
  private func wait(_ events: Int16, _ deadline: Int64) throws(PostgresError) -> Int16 {
    while true {
      let left = (deadline - MonotonicClock.now()) / 1_000_000
      guard left > 0 else { throw .lost("no answer in time") }
      var descriptor = unsafe pollfd(fd: PQsocket(handle), events: events, revents: 0)
      let ready = unsafe poll(&descriptor, 1, Int32(min(left + 1, 1_000)))
      if ready > 0 { return descriptor.revents }
      if ready < 0, errno != EINTR { throw .lost("poll failed (errno \(errno))") }
    }
  }

  private func lost() -> PostgresError {
    let why = unsafe oneLine(String(cString: PQerrorMessage(handle)))
    return .lost(why.isEmpty ? "the connection broke" : why)
  }
}

/// Strings as C wants a list of them, with a null behind the last; valid until `body` returns.
private func withCStrings<Result>(_ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
  var bytes: [CChar] = []
  var starts: [Int] = []
  for string in strings {
    starts.append(bytes.count)
    bytes += string.utf8.map { CChar(bitPattern: $0) } + [0]
  }
  return unsafe bytes.withUnsafeBufferPointer { buffer in
    unsafe body(starts.map { unsafe buffer.baseAddress! + $0 } + [nil])
  }
}

/// libpq's messages end in a line break and may have several lines; ours have one.
func oneLine(_ message: String) -> String {
  message.split(whereSeparator: \.isNewline).joined(separator: " ").trimmingSpaces()
}

extension String {
  fileprivate func trimmingSpaces() -> String {
    var text = Substring(self)
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}

public enum PostgresLibrary {
  public static var version: Int { Int(PQlibVersion()) }
}
