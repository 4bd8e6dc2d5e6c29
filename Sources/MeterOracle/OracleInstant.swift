/// An instant in nanoseconds since 1970-01-01T00:00:00Z, wide enough for every year from 0000 to 9999.
public struct OracleInstant: Hashable, Comparable, Sendable {
  public let nanoseconds: Int128

  public init(nanoseconds: Int128) {
    self.nanoseconds = nanoseconds
  }

  public init(milliseconds: Int64) {
    self.nanoseconds = Int128(milliseconds) * 1_000_000
  }

  public init(seconds: Int64) {
    self.nanoseconds = Int128(seconds) * 1_000_000_000
  }

  public static func < (left: OracleInstant, right: OracleInstant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  public static func + (instant: OracleInstant, span: Duration) -> OracleInstant {
    OracleInstant(nanoseconds: instant.nanoseconds + span.wholeNanoseconds)
  }

  /// The nanoseconds from `earlier` to here, negative when it is later.
  func nanoseconds(since earlier: OracleInstant) -> Int128 {
    nanoseconds - earlier.nanoseconds
  }

  /// The start of the window that holds this instant: windows are half-open and aligned in UTC, also before 1970.
  func windowStart(_ window: Duration) -> OracleInstant {
    let length = window.wholeNanoseconds
    let beyond = nanoseconds % length
    return OracleInstant(nanoseconds: nanoseconds - (beyond < 0 ? beyond + length : beyond))
  }
}

extension Duration {
  /// The configuration's durations are whole milliseconds, so nothing is cut off.
  var wholeNanoseconds: Int128 {
    Int128(components.seconds) * 1_000_000_000 + Int128(components.attoseconds / 1_000_000_000)
  }
}
