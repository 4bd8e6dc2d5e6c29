import MeterModel

/// Where to listen, as `http.listen` says it: `127.0.0.1:8080`, `[::1]:0`, `localhost:8080`. Port 0 takes a free one.
public struct HTTPAddress: Sendable, Equatable, CustomStringConvertible {
  /// Without brackets.
  public var host: String
  public var port: UInt16

  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  public init(_ text: String) throws(Complaint) {
    let complaint = Complaint(
      .configuration, at: "http.listen", "'\(text)' is not an address and a port",
      remedy: "write it as 127.0.0.1:8080 or [::1]:8080")
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { throw complaint }
    var host = text[..<colon]
    let digits = text[text.utf8.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else { throw complaint }
    if host.hasPrefix("[") && host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.utf8.contains(UInt8(ascii: ":")) {
      throw complaint
    }
    guard !host.isEmpty, host.utf8.count <= 255, host.utf8.allSatisfy(Self.isHostByte) else { throw complaint }
    self.init(host: String(host), port: port)
  }

  public var description: String {
    host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "%"), UInt8(ascii: "_"): true
    default: false
    }
  }
}
