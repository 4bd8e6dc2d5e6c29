/// The Prometheus text format, version 0.0.4, of a set of families: names sorted, then labels, both by their bytes, so
/// that the same values make the same text.
struct MetricText {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ family: MetricFamily) {
    guard !family.series.isEmpty else { return }
    append("# HELP \(family.name) ")
    for byte in family.help.utf8 { Self.appendEscaped(byte, quotes: false, to: &bytes) }
    append("\n# TYPE \(family.name) \(family.kind.rawValue)\n")
    let sorted = family.series.sorted { $0.key.text.lexicographicallyPrecedes($1.key.text) }
    for (labels, series) in sorted { append(family.name, labels.text, series) }
  }

  private mutating func append(_ name: String, _ labels: [UInt8], _ series: MetricSeries) {
    switch series {
    case .counter(let counter): appendLine(name, labels, String(counter.value))
    case .gauge(let gauge): appendLine(name, labels, String(gauge.value))
    case .seconds(let gauge): appendLine(name, labels, Self.text(gauge.value))
    case .computed(let value): appendLine(name, labels, String(value()))
    case .computedSeconds(let value): appendLine(name, labels, Self.text(value()))
    case .histogram(let histogram): append(name, labels, histogram)
    }
  }

  private mutating func append(_ name: String, _ labels: [UInt8], _ histogram: Histogram) {
    let unit = histogram.bounds.unit
    let sum = histogram.sum
    var below: Int64 = 0
    for (place, count) in histogram.counts.enumerated() {
      below &+= count
      let isLast = place == histogram.bounds.upper.count
      let bound = isLast ? "+Inf" : Self.text(histogram.bounds.upper[place], unit)
      let comma = labels.isEmpty ? "" : ","
      appendLine(name + "_bucket", labels + Array("\(comma)le=\"\(bound)\"".utf8), String(below))
    }
    appendLine(name + "_sum", labels, Self.text(sum, unit))
    appendLine(name + "_count", labels, String(below))
  }

  private mutating func appendLine(_ name: String, _ labels: [UInt8], _ value: String) {
    append(name)
    if !labels.isEmpty {
      append("{")
      bytes.append(contentsOf: labels)
      append("}")
    }
    append(" \(value)\n")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Whole nanoseconds as decimal seconds, every digit exact and no more than needed.
  private static func text(_ value: Int64, _ unit: HistogramBounds.Unit) -> String {
    guard unit == .nanoseconds else { return String(value) }
    let (seconds, rest) = value.quotientAndRemainder(dividingBy: 1_000_000_000)
    guard rest != 0 else { return String(seconds) }
    var digits = String(rest)
    digits = String(repeating: "0", count: 9 - digits.utf8.count) + digits
    while digits.utf8.last == UInt8(ascii: "0") { digits.removeLast() }
    return "\(seconds).\(digits)"
  }

  private static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return String(value)
  }

  static func appendEscaped(_ byte: UInt8, quotes: Bool, to bytes: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
    case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
    case UInt8(ascii: "\"") where quotes: bytes.append(contentsOf: #"\""#.utf8)
    default: bytes.append(byte)
    }
  }
}
