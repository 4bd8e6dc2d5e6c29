import MeterCore
import MeterModel

/// Every state into which any facts can bring the machine of a partition.
///
/// Under the bounds given here delays are 0, so neither the attempts nor the jitter's seed decide anything; times count only as far
/// as they are due, because a tick comes when all is due; and the clock of idle partitions is never asked. These fields are left out
/// when two states are compared. One that this does not know of counts in full.
struct RoundSurvey {
  struct Place {
    var round: PartitionRound
    var now: Int64
    var moves: [RoundAtlas.Move] = []
  }

  /// Far more than there are; a field that grows without end would show itself here.
  private static let placesMax = 5_000
  private static let bounds = PartitionRound.Bounds(
    flushInterval: TimeSpan(nanoseconds: 1), flushRows: 2, pendingBytes: RoundAtlas.fullBytes,
    retryFirst: TimeSpan(nanoseconds: 0), retryLast: TimeSpan(nanoseconds: 0))
  private static let immaterial: Set = ["bounds", "random", "attempt", "loadAttempt", "committedAt"]

  private(set) var places: [Place] = []
  private var numbers: [String: UInt16] = [:]

  init(end: UInt8) {
    _ = number(of: PartitionRound(bounds: Self.bounds, seed: 1), now: 0)
    var next = 0
    while next < places.count {
      for number in 0..<UInt8(Cause.count) {
        let move = move(from: places[next], Cause(number: number), end)
        places[next].moves.append(move)
      }
      next += 1
    }
  }

  private mutating func move(from place: Place, _ cause: Cause, _ end: UInt8) -> RoundAtlas.Move {
    var (round, now) = (place.round, place.now)
    if cause == .tick { now += 10 }
    let actions = round.step(cause.fact(end: end), now: now)
    return RoundAtlas.Move(next: round.phase == .gone ? 0 : number(of: round, now: now), actions: actions)
  }

  private mutating func number(of round: PartitionRound, now: Int64) -> UInt16 {
    let key = Self.key(round, now: now)
    if let known = numbers[key] { return known }
    precondition(places.count < Self.placesMax, "the machine has states without end: \(key)")
    let number = UInt16(places.count)
    places.append(Place(round: round, now: now))
    numbers[key] = number
    return number
  }

  /// What of a state matters, as text.
  private static func key(_ round: PartitionRound, now: Int64) -> String {
    let fields = Dictionary(
      uniqueKeysWithValues: Mirror(reflecting: round).children.map { ($0.label ?? "", $0.value) })
    var words: [String] = []
    for (label, value) in fields.sorted(by: { $0.key < $1.key }) where !immaterial.contains(label) {
      switch label {
      case "pendingSince":
        guard let since = value as? Int64, fields["hasPending"] as? Bool == true else { continue }
        words.append(now - since >= bounds.flushInterval.nanoseconds ? "due" : "fresh")
      case "retryAt", "loadRetryAt", "flushWakeAt":
        words.append("\(label) \(value as? Int64 == nil ? "no" : "yes")")
      default: words.append("\(label) \(value)")
      }
    }
    return words.joined(separator: ", ")
  }
}
