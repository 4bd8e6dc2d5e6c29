import Glibc

/// Shows how far a load is: on a terminal one line that is written over, elsewhere a line every ten seconds.
struct ProgressLine {
  private static let terminalEveryNs: Int64 = 200_000_000
  private static let plainEveryNs: Int64 = 10_000_000_000

  private let file: FileDescriptor
  private let isTerminal: Bool
  private let isShown: Bool
  private let count: Int?
  private let seconds: Double?
  private let startedNs: Int64
  private var lastNs: Int64
  private var lastSent = 0
  private var widest = 0

  init(_ options: LoadOptions, nowNs: Int64) {
    file = FileDescriptor(options.diagnostics, path: "stderr")
    isTerminal = isatty(options.diagnostics) == 1
    isShown = options.showsProgress
    count = options.count
    seconds = options.seconds
    startedNs = nowNs
    lastNs = nowNs
  }

  mutating func update(sent: Int, failed: Int, nowNs: Int64) {
    let sinceNs = nowNs - lastNs
    guard isShown, sinceNs >= (isTerminal ? Self.terminalEveryNs : Self.plainEveryNs) else { return }
    let rate = Double(sent - lastSent) / Double(sinceNs) * 1e9
    var text = "\(Self.grouped(sent))"
    if let count { text += " of \(Self.grouped(count))" }
    text += " events, \(Self.grouped(Int(rate)))/s"
    if let left = secondsLeft(sent: sent, rate: rate, nowNs: nowNs) { text += ", \(Self.clock(left)) left" }
    if failed > 0 { text += ", \(Self.grouped(failed)) failed" }
    lastNs = nowNs
    lastSent = sent
    // A shorter line must not leave the end of a longer one standing.
    let padding = String(repeating: " ", count: max(0, widest - text.count))
    widest = max(widest, text.count)
    write(isTerminal ? "\r\(text)\(padding)" : "\(text)\n")
  }

  /// Leaves the terminal's line empty for what comes next.
  mutating func clear() {
    if isTerminal, widest > 0 { write("\r" + String(repeating: " ", count: widest) + "\r") }
    widest = 0
  }

  /// Progress that cannot be shown is no reason to end a load.
  private func write(_ text: String) { try? file.write(Array(text.utf8)) }

  private func secondsLeft(sent: Int, rate: Double, nowNs: Int64) -> Int? {
    var left: Double?
    if let seconds { left = seconds - Double(nowNs - startedNs) / 1e9 }
    if let count, rate > 0 { left = min(left ?? .infinity, Double(count - sent) / rate) }
    return left.map { Int(min(max($0, 0), 1e9).rounded(.up)) }
  }

  static func clock(_ seconds: Int) -> String {
    if seconds < 120 { return "\(seconds) s" }
    if seconds < 7200 { return "\(seconds / 60) min \(seconds % 60) s" }
    return "\(seconds / 3600) h \(seconds / 60 % 60) min"
  }

  static func grouped(_ number: Int) -> String {
    var text = ""
    let digits = String(number)
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }
}
