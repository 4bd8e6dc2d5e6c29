/// Half-open, UTC-aligned buckets of event time, all of one length.
public struct WindowGrid: Sendable, Equatable {
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

  public func startSeconds(of number: Int32) -> Int64 { Int64(number) * length.seconds }
}
