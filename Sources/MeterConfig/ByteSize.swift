/// A number of bytes, written `64MiB`.
public struct ByteSize: Sendable, Hashable, Comparable {
  public var bytes: Int

  public init(bytes: Int) { self.bytes = bytes }

  public static func kibibytes(_ n: Int) -> ByteSize { ByteSize(bytes: n << 10) }
  public static func mebibytes(_ n: Int) -> ByteSize { ByteSize(bytes: n << 20) }
  public static func gibibytes(_ n: Int) -> ByteSize { ByteSize(bytes: n << 30) }

  public static func < (a: ByteSize, b: ByteSize) -> Bool { a.bytes < b.bytes }

  /// Units from the smallest to the largest.
  private static let units: [(name: String, bytes: Int)] = [
    ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
  ]

  /// Reads `<digits><unit>`; nil for anything else, a missing unit and a number too large to hold included.
  public init?(text: String) {
    guard let (count, unit) = splitAmount(text), let size = Self.units.first(where: { $0.name == unit }) else {
      return nil
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size.bytes)
    guard !overflow else { return nil }
    self.bytes = bytes
  }

  /// The shortest exact way to write it.
  public var text: String {
    let unit = Self.units.last { bytes >= $0.bytes && bytes % $0.bytes == 0 } ?? Self.units[0]
    return "\(bytes / unit.bytes)\(unit.name)"
  }
}

/// Splits `250ms` into 250 and `ms`. Digits only: no sign, point, blank or separator, so that a number has one
/// spelling.
func splitAmount(_ text: String) -> (count: Int, unit: String)? {
  let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  guard !digits.isEmpty, let count = Int(Substring(digits)) else { return nil }
  return (count, String(text.utf8.dropFirst(digits.count)) ?? "")
}
