/// What was counted of some of the log: for each record how often it was counted and how often taken for a duplicate, two bits each,
/// and the identities that are remembered for it.
struct Counts {
  static let recordsMax = 4

  /// The offsets that a flush of it would cover, which is not the same as what is in it when something goes wrong.
  var from: UInt8 = 0
  var to: UInt8 = 0
  var counted: UInt8 = 0
  var duplicates: UInt8 = 0
  /// A bit for each identity.
  var identities: UInt8 = 0

  /// The event's verdict depends on what is remembered of earlier ones.
  mutating func count(_ record: UInt8, of identity: UInt8, remembered: UInt8) {
    if (remembered | identities) & (1 << identity) != 0 {
      Self.add(1, of: record, to: &duplicates)
    } else {
      Self.add(1, of: record, to: &counted)
      identities |= 1 << identity
    }
  }

  mutating func add(_ other: Counts) {
    for record in 0..<UInt8(Self.recordsMax) {
      Self.add(Self.times(record, in: other.counted), of: record, to: &counted)
      Self.add(Self.times(record, in: other.duplicates), of: record, to: &duplicates)
    }
    identities |= other.identities
  }

  /// As many as there are marks, up to four.
  var records: UInt8 {
    var sum: UInt8 = 0
    for record in 0..<UInt8(Self.recordsMax) {
      sum += Self.times(record, in: counted) + Self.times(record, in: duplicates)
    }
    return min(sum, UInt8(Self.recordsMax))
  }

  /// Whether the same was counted; where it begins and ends is another matter.
  func isSame(as other: Counts) -> Bool {
    counted == other.counted && duplicates == other.duplicates && identities == other.identities
  }

  static func times(_ record: UInt8, in bits: UInt8) -> UInt8 { bits >> (2 * record) & 3 }

  /// Three is as good as more: it is wrong all the same.
  private static func add(_ times: UInt8, of record: UInt8, to bits: inout UInt8) {
    guard times > 0 else { return }
    let sum = min(3, Self.times(record, in: bits) + times)
    bits = bits & ~(3 << (2 * record)) | sum << (2 * record)
  }
}
