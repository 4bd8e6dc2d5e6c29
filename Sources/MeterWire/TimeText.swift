import MeterModel

/// RFC 3339 to the letter, up to nanoseconds.
///
/// `:60` is taken in any minute as the last nanosecond before the next one. Ten or more fraction digits are refused, as is anything
/// the grammar does not have. What lies beyond 1677 or 2262 is held at the nearer end of `Instant`.
enum TimeText {
  /// The day that was read last: neighbours mostly share it, and the calendar is the slow part.
  struct Day {
    /// Its ten bytes and the `T`, less what `isDigits` takes off.
    fileprivate var date: UInt64 = .max
    fileprivate var day: UInt64 = .max
    fileprivate var seconds = 0
  }

  /// No time that could be kept is longer.
  private static let bytesMax = 35
  private static let readAhead = 16

  /// Of any bytes, whatever follows them.
  static func parse(_ bytes: Swift.Span<UInt8>, from start: Int, to end: Int) -> Instant? {
    guard end - start <= bytesMax else { return nil }
    var day = Day()
    if end + readAhead <= bytes.count { return parse(bytes, from: start, to: end, &day) }
    var padded: [UInt8] = []
    padded.reserveCapacity(bytesMax + readAhead)
    for at in start..<end { padded.append(bytes[at]) }
    padded.append(contentsOf: repeatElement(0, count: readAhead))
    return parse(padded.span, from: 0, to: end - start, &day)
  }

  /// Of bytes that sixteen more follow.
  @inline(__always)
  static func parse(_ arena: Swift.Span<UInt8>, from start: Int, to end: Int, _ known: inout Day) -> Instant? {
    // 2026-11-21T10:15:00Z is the shortest: 20 bytes.
    guard end - start >= 20 else { return nil }
    // Eight bytes at a time: digits lose their 0x30, and what must stand between them becomes zero.
    let date = arena.word(at: start) ^ 0x2D30_302D_3030_3030
    let day = arena.word(at: start &+ 8) & 0x00DF_FFFF ^ 0x0054_3030
    let clock = arena.word(at: start &+ 11) ^ 0x3030_3A30_303A_3030
    guard isDigits(clock, not: 0x0000_FF00_00FF_0000) else { return nil }
    if date != known.date || day != known.day {
      guard isDigits(date, not: 0xFF00_00FF_0000_0000), isDigits(day, not: 0xFF_0000) else { return nil }
      let year = pair(date, 0) * 100 + pair(date, 2)
      let (month, number) = (pair(date, 5), pair(day, 0))
      guard (1...12).contains(month), number >= 1, number <= CivilDate.days(in: month, of: year) else { return nil }
      let civil = CivilDate(year: year, month: month, day: number)
      known = Day(date: date, day: day, seconds: civil.daysSince1970 * 86_400)
    }
    // Each pair of digits as a number in the first one's byte; none carries into the next.
    let pairs = clock &* 10 &+ clock >> 8
    let hour = Int(truncatingIfNeeded: pairs & 0xFF)
    let minute = Int(truncatingIfNeeded: pairs >> 24 & 0xFF)
    let second = Int(truncatingIfNeeded: pairs >> 48 & 0xFF)
    guard hour <= 23, minute <= 59, second <= 60 else { return nil }

    var at = start + 19
    var nanoseconds = 0
    if arena[at] == UInt8(ascii: ".") {
      let digits = leadingDigits(arena, at + 1, end)
      guard digits >= 1, digits <= 9 else { return nil }
      nanoseconds = fraction(arena, at + 1, digits)
      at += 1 + digits
    }
    guard at < end else { return nil }
    var offsetMinutes = 0
    switch arena[at] {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"):
      at += 1
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      guard end - at == 6, let hours = number(arena, at + 1, 2), arena[at + 3] == UInt8(ascii: ":"),
        let minutes = number(arena, at + 4, 2), hours <= 23, minutes <= 59
      else { return nil }
      offsetMinutes = (hours * 60 + minutes) * (arena[at] == UInt8(ascii: "-") ? -1 : 1)
      at += 6
    default:
      return nil
    }
    guard at == end else { return nil }

    if second == 60 { nanoseconds = 999_999_999 }
    let seconds = known.seconds + hour * 3_600 + (minute - offsetMinutes) * 60 + min(second, 59)
    return saturated(seconds: seconds, nanoseconds: nanoseconds)
  }

  @inline(__always)
  private static func saturated(seconds: Int, nanoseconds: Int) -> Instant {
    // Within 285 years of 1970 nothing can overflow.
    if abs(seconds) < 9_000_000_000 { return Instant(nanoseconds: Int64(seconds &* 1_000_000_000 &+ nanoseconds)) }
    let exact = Int128(seconds) * 1_000_000_000 + Int128(nanoseconds)
    return Instant(nanoseconds: Int64(clamping: exact))
  }

  /// Whether each byte is 0 to 9, and those that `separators` names are 0.
  @inline(__always)
  private static func isDigits(_ word: UInt64, not separators: UInt64) -> Bool {
    (word | (word &+ 0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0 == 0 && word & separators == 0
  }

  /// How many digits stand from `start` on, ten meaning more than nine.
  @inline(__always)
  private static func leadingDigits(_ arena: Swift.Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    let word = arena.word(at: start) ^ 0x3030_3030_3030_3030
    let others = (word | (word &+ 0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0
    // A carry may spoil a byte above one that is no digit, never below.
    let count = others.trailingZeroBitCount >> 3
    // Without a branch: how exact times are is what producers differ in.
    let ninth = arena[start &+ 8].isDigit ? 1 : 0
    let tenth = arena[start &+ 9].isDigit ? ninth : 0
    return min(count &+ (count == 8 ? ninth &+ tenth : 0), end &- start)
  }

  /// One to nine digits as billionths.
  @inline(__always)
  private static func fraction(_ arena: Swift.Span<UInt8>, _ start: Int, _ digits: Int) -> Int {
    // Moved up, so that eight digits stand there, the missing ones as zeros behind the others.
    var word = arena.word(at: start) ^ 0x3030_3030_3030_3030
    if digits < 8 { word &= (1 << UInt64(8 &* digits)) &- 1 }
    word = (word &* 10 &+ word >> 8) & 0x00FF_00FF_00FF_00FF
    word = (word &* 100 &+ word >> 16) & 0x0000_FFFF_0000_FFFF
    word = (word &* 10_000 &+ word >> 32) & 0xFFFF_FFFF
    let ninth = digits == 9 ? Int(arena[start &+ 8] &- UInt8(ascii: "0")) : 0
    return Int(truncatingIfNeeded: word) &* 10 &+ ninth
  }

  /// The two digits from a byte on as a number.
  @inline(__always)
  private static func pair(_ word: UInt64, _ byte: UInt64) -> Int {
    let digits = word >> (8 &* byte)
    return Int(truncatingIfNeeded: digits & 0xF) &* 10 &+ Int(truncatingIfNeeded: digits >> 8 & 0xF)
  }

  @inline(__always)
  private static func number(_ arena: Swift.Span<UInt8>, _ start: Int, _ length: Int) -> Int? {
    var value = 0
    for at in start..<start &+ length {
      guard arena[at].isDigit else { return nil }
      value = value &* 10 &+ Int(arena[at] &- UInt8(ascii: "0"))
    }
    return value
  }
}
