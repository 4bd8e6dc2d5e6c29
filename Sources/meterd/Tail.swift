import Glibc
import MeterConfig
import MeterModel
import PostgresEdge

/// `meterd tail`: limit events as they are told.
enum Tail {
  private static let kinds = ["warning", "limit", "exceeded", "overage", "recovered", "trial"]
  private static let pauseMicroseconds: UInt32 = 200_000

  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    if let kind = arguments.text("kind"), !kinds.contains(kind) {
      throw Complaint(
        .usage, at: arguments.here, "--kind is \(kind)", remedy: "give one of \(kinds.joined(separator: ", "))")
    }
    var left = Int.max
    if let count = arguments.text("count") {
      guard let number = Int(count), number > 0 else {
        throw Complaint(.usage, at: arguments.here, "--count is \(count)", remedy: "give a number from 1 on")
      }
      left = number
    }
    let events = LimitEvents(
      tenant: arguments.text("tenant"), kind: arguments.text("kind"), since: try since(arguments))
    let target = try arguments.settings().postgres.url.exposed
    // Whoever has seen enough has done nothing wrong.
    signal(SIGINT) { _ in _exit(ExitStatus.done.rawValue) }
    signal(SIGPIPE, SIG_IGN)
    try events.follow(target) { event in
      let line = arguments.has("json") ? event.json + [UInt8(ascii: "\n")] : Array("\(text(event))\n".utf8)
      guard write(line) else { return false }
      left -= 1
      return left > 0
    } pause: {
      usleep(pauseMicroseconds)
      return true
    }
    return .done
  }

  /// An instant, or how long ago.
  private static func since(_ arguments: Arguments) throws(Complaint) -> String? {
    guard let text = arguments.text("since"), let span = TimeSpan(text: text) else { return arguments.text("since") }
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    return Instant(nanoseconds: (Int64(now.tv_sec) - span.seconds) * 1_000_000_000).text
  }

  /// False when nobody reads any more.
  private static func write(_ line: [UInt8]) -> Bool {
    var written = 0
    while written < line.count {
      let count = unsafe line.withUnsafeBytes { unsafe Glibc.write(1, $0.baseAddress! + written, $0.count - written) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      written += count
    }
    return true
  }

  /// `2026-11-21T10:15:00.123Z acme deployments warning 80 % used 80 of 100 (block, starter 1)`.
  private static func text(_ event: LimitEvents.Event) -> String {
    let members = Dictionary(event.members.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    func member(_ name: String) -> String? { members[name] ?? nil }
    var text = "\(member("at") ?? "") \(event.tenant) \(member("meter") ?? member("subscription") ?? "") \(event.kind)"
    if event.kind == "trial" {
      text += " \(member("threshold") ?? "") days left"
    } else {
      if event.kind == "warning", let threshold = member("threshold") { text += " \(threshold) %" }
      text += " used \(member("used") ?? "")"
      if let limit = member("limit") { text += " of \(limit)" }
    }
    text +=
      " (\([member("mode"), "\(member("plan") ?? "") \(member("plan_version") ?? "")"].compactMap(\.self).joined(separator: ", ")))"
    return member("shadow") == "true" ? text + " shadow" : text
  }
}
