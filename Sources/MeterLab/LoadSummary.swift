/// What a load came to, as its one line on stdout.
public struct LoadSummary: Sendable, Equatable {
  public var sent = 0
  public var acknowledged = 0
  public var failed = 0
  public var duplicates = 0
  public var late = 0
  public var malformed = 0
  public var seconds = 0.0
  /// Acknowledged by partition.
  public var partitions: [Int] = []
  /// Failed by librdkafka's name for the reason.
  public var failures: [String: Int] = [:]
  /// Acknowledged without an offset, so missing in a copy.
  public var unplaced = 0

  /// Acknowledged events a second.
  public var rate: Double { seconds > 0 ? Double(acknowledged) / seconds : 0 }

  public var json: String {
    let partitions = self.partitions.map(String.init).joined(separator: ",")
    let failures = sortedFailures.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
    return "{\"sent\":\(sent),\"acknowledged\":\(acknowledged),\"failed\":\(failed),\"duplicates\":\(duplicates),"
      + "\"late\":\(late),\"malformed\":\(malformed),\"seconds\":\(Self.thousandths(seconds)),"
      + "\"rate\":\(Self.thousandths(rate)),\"partitions\":[\(partitions)],\"failures\":{\(failures)},"
      + "\"unplaced\":\(unplaced)}"
  }

  public var line: String {
    var text =
      "sent \(sent), acknowledged \(acknowledged), failed \(failed), duplicates \(duplicates), late \(late), "
      + "malformed \(malformed), seconds \(Self.thousandths(seconds)), rate \(Int(rate.rounded()))/s, partitions"
    for (partition, count) in partitions.enumerated() { text += " \(partition):\(count)" }
    if unplaced > 0 { text += ", without offset \(unplaced)" }
    if !failures.isEmpty {
      text += ", failures " + sortedFailures.map { "\($0.key):\($0.value)" }.joined(separator: " ")
    }
    return text
  }

  private var sortedFailures: [(key: String, value: Int)] { failures.sorted { $0.key < $1.key } }

  /// A number with three fraction digits; nothing here is near the bounds of an Int.
  private static func thousandths(_ number: Double) -> String {
    var text: [UInt8] = []
    text.appendDecimal(thousandths: UInt64((max(0, number) * 1000).rounded()))
    return String(decoding: text, as: UTF8.self)
  }
}
