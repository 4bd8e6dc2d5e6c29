import Glibc

/// Draws ranks 0..<count, rank k with a weight of 1 / (k + 1)^exponent, in constant time.
///
/// An alias table: each column holds a whole share of the total, split between its own rank and one other. The weights
/// are rounded to integers before the table is built, so that the last bit of a machine's `pow` cannot change a stream.
struct ZipfTable {
  /// 128 MiB of table; beyond it ranks are no longer worth telling apart.
  static let countMax = 1 << 24
  static let exponentMax = 8.0

  private struct Column {
    var threshold: UInt32
    var other: UInt32
  }

  private let columns: [Column]

  init(count: Int, exponent: Double) {
    precondition((1...Self.countMax).contains(count), "a Zipf table has 1 to \(Self.countMax) ranks")
    precondition((0...Self.exponentMax).contains(exponent), "a Zipf exponent is 0 to \(Self.exponentMax)")
    // A weight is at most 2^32 and a rank count 2^24, so totals and products with the count stay below 2^56.
    var shares = [UInt64](repeating: 0, count: count)
    var total: UInt64 = 0
    for rank in 0..<count {
      shares[rank] = max(1, UInt64((4_294_967_296 / pow(Double(rank + 1), exponent)).rounded()))
      total += shares[rank]
    }
    var poor: [Int] = []
    var rich: [Int] = []
    for rank in 0..<count {
      shares[rank] *= UInt64(count)
      if shares[rank] < total { poor.append(rank) } else { rich.append(rank) }
    }
    var columns = (0..<count).map { Column(threshold: .max, other: UInt32($0)) }
    while let giver = rich.last, let taker = poor.popLast() {
      let share = shares[taker]
      columns[taker].threshold = UInt32(total.dividingFullWidth((share >> 32, share << 32)).quotient)
      columns[taker].other = UInt32(giver)
      shares[giver] -= total - share
      if shares[giver] < total {
        rich.removeLast()
        poor.append(giver)
      }
    }
    self.columns = columns
  }

  /// The high half of `bits` picks the column, the low half the side of it.
  func rank(_ bits: UInt64) -> Int {
    let index = Int(((bits >> 32) &* UInt64(columns.count)) >> 32)
    let column = columns[index]
    return UInt32(truncatingIfNeeded: bits) < column.threshold ? index : Int(column.other)
  }
}
