/// A parameter with two values: a small one that tests run in moments, and the large one that numbers are told of.
struct Size: Equatable {
  var events: Int
  var series: Int
  var identities: Int
  var runs: Int

  static let small = Size(events: 3_000, series: 3_000, identities: 3_000, runs: 1)
  /// A table's cost is told at its fullest and emptiest, so it must double several times on the way.
  static let large = Size(events: 2_000_000, series: 1_000_000, identities: 8_000_000, runs: 5)
}
