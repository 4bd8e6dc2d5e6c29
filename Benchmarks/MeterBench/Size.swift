/// A parameter with two values: a small one that tests run in moments, and the large one that numbers are told of.
struct Size: Equatable {
  var events: Int
  var series: Int
  var identities: Int
  /// Totals of limited meters.
  var accounts: Int
  var runs: Int
  /// Few, and all that grows once has grown after a few thousand events.
  var tenants: Int
  /// Different values of one dimension, from one tenant, at which memory is looked at; the least is beyond what is kept apart.
  var values: [Int]

  static let small = Size(
    events: 20_480, series: 20_000, identities: 20_000, accounts: 8_000, runs: 1, tenants: 4,
    values: [15_000, 30_000, 60_000])
  /// A table's cost is told at its fullest and emptiest, so it must double several times on the way.
  static let large = Size(
    events: 2_000_000, series: 1_000_000, identities: 8_000_000, accounts: 400_000, runs: 5, tenants: 1_000,
    values: [100_000, 1_000_000, 10_000_000])
}
