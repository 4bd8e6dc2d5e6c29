/// Half-open, UTC-aligned buckets of event time, all of one length.
public struct WindowGrid: Sendable, Equatable {
  /// How long windows may be, the longest first.
  public static let lengths: [TimeSpan] = [.hours(1), .minutes(15), .minutes(1)]

  public let length: TimeSpan

  public init(length: TimeSpan) {
    precondition(length.nanoseconds > 0, "a window has a length")
    self.length = length
  }

  /// Windows are numbered from 1970; earlier ones are negative.
  public func number(of instant: Instant) -> Int32 {
    let (quotient, remainder) = instant.nanoseconds.quotientAndRemainder(dividingBy: length.nanoseconds)
    // The shortest window is a minute: 292 years of minutes are 1.5 x 10^8.
    return Int32(remainder < 0 ? quotient - 1 : quotient)
  }

  /// The first instant of a window and the first behind it, in nanoseconds, held at the ends of the range.
  public func bounds(of number: Int32) -> (begin: Int64, end: Int64) {
    let (begin, under) = Int64(number).multipliedReportingOverflow(by: length.nanoseconds)
    let (end, over) = (Int64(number) + 1).multipliedReportingOverflow(by: length.nanoseconds)
    return (under ? .min : begin, over ? .max : end)
  }

  public func hasBoundary(at instant: Instant) -> Bool { instant.nanoseconds % length.nanoseconds == 0 }

  /// The longest length of which all these are boundaries; nil if there is none.
  public static func length(on instants: [Instant]) -> TimeSpan? {
    lengths.first { length in instants.allSatisfy { WindowGrid(length: length).hasBoundary(at: $0) } }
  }

  public func startSeconds(of number: Int32) -> Int64 { Int64(number) * length.seconds }
}
