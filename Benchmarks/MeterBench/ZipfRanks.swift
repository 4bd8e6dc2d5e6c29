/// Ranks of which the k-th is drawn k times as seldom as the first.
struct ZipfRanks {
  /// What all ranks up to this one weigh together.
  private let sums: [UInt64]

  init(_ count: Int) {
    var sum: UInt64 = 0
    sums = (1...count).map { rank in
      sum += (1 << 40) / UInt64(rank)
      return sum
    }
  }

  func rank(_ draw: inout Draw) -> Int {
    let weight = draw.next() % (sums.last ?? 1)
    var (low, high) = (0, sums.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] > weight { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
