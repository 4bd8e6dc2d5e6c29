/// Sorts places by the keys that stand there. Keys are hashes, so their first 24 bits tell nearly all of them apart: these are sorted by
/// counting, and runs that share them, which are short, by comparing.
enum KeyOrder {
  private static let placeBits: UInt64 = 24
  private static let digitBits: UInt64 = 8

  /// `high` is a number that never falls from key to key; there are fewer than 2^24 places.
  static func sorted(
    _ count: Int, high: (Int) -> UInt64, isBefore: (Int, Int) -> Bool
  ) -> [Int] {
    precondition(count < 1 << placeBits, "places are bounded")
    var numbers: [UInt64] = []
    numbers.reserveCapacity(count)
    // The first bits of the key above its place.
    for place in 0..<count { numbers.append((high(place) >> 40) << 40 | UInt64(place)) }
    var other = numbers
    for digit in 0..<3 as Range<UInt64> {
      pass(numbers, into: &other, shift: 40 + digit * digitBits)
      swap(&numbers, &other)
    }
    var places = numbers.map { Int($0 & (1 << placeBits - 1)) }
    for end in places.indices.dropFirst() where numbers[end] >> 40 == numbers[end - 1] >> 40 {
      var at = end
      while at > 0, numbers[at - 1] >> 40 == numbers[end] >> 40, isBefore(places[at], places[at - 1]) {
        places.swapAt(at, at - 1)
        at -= 1
      }
    }
    return places
  }

  /// Puts the numbers in the order of one digit, and leaves those that share it in the order in which they are.
  private static func pass(_ numbers: [UInt64], into sorted: inout [UInt64], shift: UInt64) {
    var starts = [Int](repeating: 0, count: 1 << digitBits)
    for number in numbers { starts[Int(number >> shift & 0xFF)] += 1 }
    var sum = 0
    for digit in starts.indices { (starts[digit], sum) = (sum, sum + starts[digit]) }
    for number in numbers {
      let digit = Int(number >> shift & 0xFF)
      sorted[starts[digit]] = number
      starts[digit] += 1
    }
  }
}
