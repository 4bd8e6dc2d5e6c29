/// Labels of one series, in the one form that the text format shows and that tells series apart: names sorted, values
/// escaped, compared byte by byte.
struct MetricLabels: Hashable {
  /// Longer values are cut: a label names a kind of thing and is not a place for content.
  static let valueBytesMax = 256

  static let none = MetricLabels([:])
  static let other = MetricLabels(["other": "true"])

  /// `name="value",…` without braces; empty without labels.
  let text: [UInt8]

  init(_ labels: [String: String]) {
    var text: [UInt8] = []
    for name in labels.keys.sorted() {
      precondition(MetricName.isLabel(name), "'\(name)' cannot name a label")
      precondition(name != "tenant", "a metric never carries a tenant")
      if !text.isEmpty { text.append(UInt8(ascii: ",")) }
      text.append(contentsOf: name.utf8)
      text.append(contentsOf: #"=""#.utf8)
      for byte in String(decoding: labels[name]!.utf8.prefix(Self.valueBytesMax), as: UTF8.self).utf8 {
        MetricText.appendEscaped(byte, quotes: true, to: &text)
      }
      text.append(UInt8(ascii: "\""))
    }
    self.text = text
  }
}
