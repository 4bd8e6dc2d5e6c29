/// A seed that once broke a law, and what it taught.
///
/// A seed stands for a world only as long as the generators draw as they did; when they are changed, a seed here goes on being run,
/// and what it taught stays in its line.
public struct KeptSeed: Sendable, CustomStringConvertible {
  public let seed: UInt64
  public let records: Int
  public let lesson: String

  public var description: String { "seed \(seed) of \(records) records" }

  public static let all = [
    KeptSeed(
      seed: 3, records: 1_500,
      lesson: "the record of an empty batch holds no event, and its timestamp moves the partition's clock all the same"),
    KeptSeed(
      seed: 35, records: 1_500,
      lesson: "the same at the end of a flush: the high water that is written must know of records without events"),
  ]
}
