import CLibpq
import Foundation
import Synchronization

/// A connection for assertions: text in, text out, every call with a deadline.
///
/// A connection that was lost fails one call and is made anew by the next one, so that a test can go on asking over a
/// restart of the server. It is safe to share; calls take turns.
public final class Database: Sendable {
  public let url: String
  private let link: Mutex<Link>

  /// Owns a connection of libpq, nil when there is none.
  @safe private struct Link: ~Copyable {
    var connection: OpaquePointer?

    mutating func drop() {
      if let connection = unsafe connection { unsafe PQfinish(connection) }
      unsafe connection = nil
    }

    deinit { if let connection = unsafe connection { unsafe PQfinish(connection) } }
  }

  public init(_ url: String) throws(StackFailure) {
    self.url = url
    link = unsafe Mutex(Link(connection: nil))
    try link.withLock { (link) throws(StackFailure) in try Self.connect(&link, to: url) }
  }

  public func close() { link.withLock { $0.drop() } }

  /// The rows of the last statement. With `parameters` it is one statement with `$1`, `$2` …; without, there may be
  /// several.
  @discardableResult
  public func query(
    _ sql: String, _ parameters: [String?] = [], within limit: Duration = .patience
  ) throws(StackFailure) -> [[String?]] {
    try run(sql, parameters, limit).rows
  }

  /// The only column of the only row; nil is NULL.
  public func scalar(
    _ sql: String, _ parameters: [String?] = [], within limit: Duration = .patience
  ) throws(StackFailure) -> String? {
    let rows = try query(sql, parameters, within: limit)
    guard rows.count == 1, rows[0].count == 1 else {
      let shape = "\(rows.count) rows of \(rows.first?.count ?? 0) columns"
      throw failure("one row of one column was wanted (\(shape))", sql, parameters, evidence: Self.spoken(rows))
    }
    return rows[0][0]
  }

  /// Returns how many rows the statement touched, where it touches any.
  @discardableResult
  public func execute(
    _ sql: String, _ parameters: [String?] = [], within limit: Duration = .patience
  ) throws(StackFailure) -> Int {
    try run(sql, parameters, limit).touched
  }

  /// Asks until the only column of the only row is `wanted`.
  public func waitFor(
    _ sql: String, _ parameters: [String?] = [], toBe wanted: String?, within limit: Duration = .patience
  ) throws(StackFailure) {
    try eventually("'\(sql)' being \(wanted ?? "NULL")", within: limit, every: .milliseconds(20)) {
      try scalar(sql, parameters).map { "'\($0)'" } ?? "NULL"
    } until: {
      $0 == (wanted.map { "'\($0)'" } ?? "NULL")
    }
  }

  private struct Answer { var rows: [[String?]] = [], touched = 0 }

  private func run(_ sql: String, _ parameters: [String?], _ limit: Duration) throws(StackFailure) -> Answer {
    let deadline = Deadline(within: limit)
    return try link.withLock { (link) throws(StackFailure) in
      if unsafe PQstatus(link.connection) != CONNECTION_OK {
        try Self.connect(&link, to: url)
      }
      guard let connection = unsafe link.connection else { throw failure("not connected", sql, parameters) }
      guard unsafe send(sql, parameters, to: connection) else {
        throw unsafe lost(connection, &link, sql, parameters)
      }
      var answer = Answer()
      var refusal: StackFailure?
      while true {
        while unsafe PQisBusy(connection) != 0 {
          var polled = unsafe pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
          let ready = unsafe poll(&polled, 1, deadline.remainingMs)
          if ready == 0 {
            link.drop()
            throw failure("no answer (\(limit.spoken))", sql, parameters)
          }
          if unsafe ready > 0 && PQconsumeInput(connection) == 0 {
            throw unsafe lost(connection, &link, sql, parameters)
          }
        }
        guard let result = unsafe PQgetResult(connection) else { break }
        defer { unsafe PQclear(result) }
        switch unsafe PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
          answer = unsafe Self.read(result)
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
          link.drop()
          throw failure("COPY is not spoken here", sql, parameters)
        default:
          if refusal == nil { refusal = unsafe refused(result, sql, parameters) }
        }
      }
      if unsafe PQstatus(connection) != CONNECTION_OK { throw unsafe lost(connection, &link, sql, parameters) }
      if let refusal { throw refusal }
      return answer
    }
  }

  private static func connect(_ link: inout Link, to url: String) throws(StackFailure) {
    link.drop()
    let separator = url.contains("?") ? "&" : "?"
    let connection = unsafe PQconnectdb("\(url)\(separator)connect_timeout=10&application_name=test")
    guard unsafe PQstatus(connection) == CONNECTION_OK, let connection = unsafe connection else {
      let why = unsafe text(PQerrorMessage(connection))
      unsafe PQfinish(connection)
      throw StackFailure(at: "database '\(url)'", "cannot connect (\(why))")
    }
    // Notices would go to the standard error of the tests.
    _ = unsafe PQsetNoticeProcessor(connection, { _, _ in }, nil)
    unsafe link.connection = connection
  }

  private func send(_ sql: String, _ parameters: [String?], to connection: OpaquePointer) -> Bool {
    if parameters.isEmpty { return unsafe PQsendQuery(connection, sql) == 1 }
    // Copied by PQsendQueryParams() before it returns, and freed here.
    var copies: [UnsafePointer<CChar>?] = unsafe []
    for parameter in parameters {
      if let parameter { unsafe copies.append(strdup(parameter)) } else { unsafe copies.append(nil) }
    }
    defer { unsafe copies.forEach { unsafe free(UnsafeMutableRawPointer(mutating: $0)) } }
    return unsafe PQsendQueryParams(connection, sql, Int32(copies.count), nil, copies, nil, nil, 0) == 1
  }

  private static func read(_ result: OpaquePointer) -> Answer {
    let columns = unsafe PQnfields(result)
    let rows = unsafe (0..<PQntuples(result)).map { row in
      (0..<columns).map { column in
        unsafe PQgetisnull(result, row, column) == 1 ? nil : text(PQgetvalue(result, row, column), trimmed: false)
      }
    }
    return unsafe Answer(rows: rows, touched: Int(text(PQcmdTuples(result))) ?? 0)
  }

  /// The caller holds the lock; the connection is dropped so that the next call makes a new one.
  private func lost(
    _ connection: OpaquePointer, _ link: inout Link, _ sql: String, _ parameters: [String?]
  ) -> StackFailure {
    let why = unsafe Self.text(PQerrorMessage(connection))
    link.drop()
    return failure("the connection was lost (\(why))", sql, parameters)
  }

  private func refused(_ result: OpaquePointer, _ sql: String, _ parameters: [String?]) -> StackFailure {
    // PG_DIAG_SQLSTATE of postgres_ext.h is the letter C.
    let state = unsafe Self.text(PQresultErrorField(result, 67))
    let why = unsafe Self.text(PQresultErrorMessage(result))
    var failure = failure("refused (\(state)): \(why)", sql, parameters)
    failure.sqlState = state.isEmpty ? nil : state
    return failure
  }

  private func failure(
    _ problem: String, _ sql: String, _ parameters: [String?], evidence: String = ""
  ) -> StackFailure {
    let values = parameters.enumerated().map { "\n  $\($0 + 1) = \($1.map { "'\($0)'" } ?? "NULL")" }.joined()
    return StackFailure(
      at: "database '\(url.split(separator: "/").last ?? "")'", problem, evidence: "  \(sql)\(values)\(evidence)")
  }

  private static func spoken(_ rows: [[String?]]) -> String {
    rows.prefix(20).map { "\n  " + $0.map { $0 ?? "NULL" }.joined(separator: " | ") }.joined()
  }

  private static func text(_ pointer: UnsafePointer<CChar>?, trimmed: Bool = true) -> String {
    guard let pointer = unsafe pointer else { return "" }
    let text = unsafe String(cString: pointer)
    return trimmed ? text.trimmingCharacters(in: .whitespacesAndNewlines) : text
  }
}
