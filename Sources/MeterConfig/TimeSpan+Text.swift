import MeterModel

extension TimeSpan {
  /// Units from the smallest to the largest. A day is 24 hours: durations know no calendar.
  private static let units: [(name: String, span: TimeSpan)] = [
    ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .minutes(1)), ("h", .hours(1)), ("d", .days(1)),
  ]

  /// Reads a whole number with one unit, `250ms 1s 10m 24h 35d`; nil for anything else, a number too large included.
  public init?(text: String) {
    guard let (count, unit) = splitAmount(text), let one = Self.units.first(where: { $0.name == unit }) else {
      return nil
    }
    let (nanoseconds, overflow) = Int64(count).multipliedReportingOverflow(by: one.span.nanoseconds)
    guard !overflow else { return nil }
    self.init(nanoseconds: nanoseconds)
  }

  /// The way a person would write it: in the largest unit that fits exactly, days only from two on (`24h`, `35d`).
  public var text: String {
    let unit =
      Self.units.last { unit in
        let smallest = unit.name == "d" ? 2 * unit.span.nanoseconds : unit.span.nanoseconds
        return nanoseconds >= smallest && nanoseconds % unit.span.nanoseconds == 0
      } ?? (nanoseconds == 0 ? Self.units[1] : Self.units[0])
    return "\(nanoseconds / unit.span.nanoseconds)\(unit.name)"
  }
}
