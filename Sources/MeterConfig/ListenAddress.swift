import Glibc

/// Where the HTTP server listens: a host and a port, written `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.
public struct ListenAddress: Sendable, Equatable {
  /// Without brackets.
  public var host: String
  /// 0 lets the system choose a free one.
  public var port: UInt16

  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Nil when the text is not a host that could exist with a port behind it.
  public init?(text: String) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    let digits = text[text.utf8.index(after: colon)...]
    guard let (port, unit) = splitAmount(String(digits)), unit.isEmpty, let port = UInt16(exactly: port) else {
      return nil
    }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard Self.isAddress(host, family: AF_INET6) else { return nil }
    } else if host.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    {
      // `127.1` and `127.0.0.256` are not names; some resolvers would take them for addresses nobody meant.
      guard Self.isAddress(host, family: AF_INET) else { return nil }
    } else {
      guard Self.isName(host) else { return nil }
    }
    self.init(host: host, port: port)
  }

  public var text: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Whether only this machine can reach it. A name other than `localhost` counts as reachable from outside.
  public var isLoopback: Bool {
    if host.lowercased() == "localhost" { return true }
    if Self.isAddress(host, family: AF_INET) { return host.hasPrefix("127.") }
    guard let bytes = Self.bytes(of: host, family: AF_INET6) else { return false }
    let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF, 127]
    return bytes == Array(repeating: 0, count: 15) + [1] || bytes.starts(with: mapped)
  }

  /// Underscores are not in the standard, but container networks hand out such names.
  private static func isName(_ host: String) -> Bool {
    guard (1...253).contains(host.utf8.count) else { return false }
    return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
        && label.utf8.allSatisfy { isLetterOrDigit($0) || "-_".utf8.contains($0) }
    }
  }

  private static func isAddress(_ host: String, family: Int32) -> Bool { bytes(of: host, family: family) != nil }

  /// `inet_pton` writes 4 or 16 bytes; the buffer holds either.
  private static func bytes(of host: String, family: Int32) -> [UInt8]? {
    guard !host.utf8.contains(0) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 16)
    let taken = unsafe bytes.withUnsafeMutableBytes { unsafe inet_pton(family, host, $0.baseAddress) }
    return taken == 1 ? bytes : nil
  }
}
