/// Holds back a message that repeats: ten a second go through, the rest are counted and told later.
///
/// The count rides on the next line of that message, or on a line of its own once the message fell silent, which is
/// noticed when anything at all is logged a second later, or by `drain`. Messages are constants of the program, so a
/// small table is enough; when it is full, all further messages share one place.
struct LogRepeats {
  static let perSecondMax: Int64 = 10
  static let messagesMax = 256
  private static let windowNanoseconds: Int64 = 1_000_000_000

  struct Key: Hashable {
    var level: LogLevel
    var message: String
  }

  private struct Place {
    var since: Int64
    var passed: Int64 = 0
    var suppressed: Int64 = 0

    /// A clock set back ends the window too; otherwise a message could be silent for as long as the clock was wrong.
    func isOver(at now: Int64) -> Bool { now < since || now - since >= LogRepeats.windowNanoseconds }
  }

  private var places: [Key: Place] = [:]
  private var lastSweep: Int64 = .min

  /// Nil when the line is to be held back; else how many were held back before it.
  mutating func admit(_ key: Key, at now: Int64) -> Int64? {
    let key = places[key] != nil || places.count < Self.messagesMax ? key : Key(level: key.level, message: "~other")
    var place = places[key] ?? Place(since: now)
    defer { places[key] = place }
    if place.isOver(at: now) {
      let suppressed = place.suppressed
      place = Place(since: now, passed: 1)
      return suppressed
    }
    guard place.passed < Self.perSecondMax else {
      place.suppressed += 1
      return nil
    }
    place.passed += 1
    return 0
  }

  /// At most once a second: messages that fell silent leave the table, with the count of those they owe a line.
  mutating func sweep(at now: Int64) -> [(Key, suppressed: Int64)] {
    guard lastSweep == .min || now < lastSweep || now - lastSweep >= Self.windowNanoseconds else { return [] }
    lastSweep = now
    return drain { $0.isOver(at: now) }
  }

  mutating func drain() -> [(Key, suppressed: Int64)] { drain { _ in true } }

  private mutating func drain(where isDue: (Place) -> Bool) -> [(Key, suppressed: Int64)] {
    var owed: [(Key, suppressed: Int64)] = []
    for (key, place) in places where isDue(place) {
      places[key] = nil
      if place.suppressed > 0 { owed.append((key, place.suppressed)) }
    }
    return owed.sorted { ($0.0.level, $0.0.message) < ($1.0.level, $1.0.message) }
  }
}
