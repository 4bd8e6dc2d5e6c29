/// Which names metrics and labels may have.
enum MetricName {
  static func isMetric(_ name: String) -> Bool {
    name.hasPrefix("meterd_") && name.utf8.allSatisfy { isLowercase($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
  }

  /// `le` belongs to histograms, a leading `__` to Prometheus.
  static func isLabel(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLowercase(first), name != "le" else { return false }
    return name.utf8.allSatisfy { isLowercase($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
  }

  private static func isLowercase(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
