/// RFC 3339 `date-time`, to the letter: `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`, where T and Z may be small letters.
enum RFC3339 {
  private static let nanosecondsPerSecond: Int128 = 1_000_000_000

  /// Nil when the text breaks the grammar, names a day or time that does not exist, or has ten or more fraction digits.
  static func instant(_ text: OracleText) -> OracleInstant? {
    var rest = text.bytes[...]

    func take(oneOf characters: String) -> UInt8? {
      guard let first = rest.first, characters.utf8.contains(first) else { return nil }
      rest = rest.dropFirst()
      return first
    }

    func takeDigits() -> [UInt8] {
      let run = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      rest = rest.dropFirst(run.count)
      return run.map { $0 - UInt8(ascii: "0") }
    }

    func takeNumber(digits: Int, in range: ClosedRange<Int>) -> Int? {
      let run = takeDigits()
      let number = run.reduce(0) { $0 &* 10 &+ Int($1) }
      return run.count == digits && range.contains(number) ? number : nil
    }

    guard let year = takeNumber(digits: 4, in: 0...9999), take(oneOf: "-") != nil,
      let month = takeNumber(digits: 2, in: 1...12), take(oneOf: "-") != nil,
      let day = takeNumber(digits: 2, in: 1...daysOfMonth(month, of: year)), take(oneOf: "Tt") != nil,
      let hour = takeNumber(digits: 2, in: 0...23), take(oneOf: ":") != nil,
      let minute = takeNumber(digits: 2, in: 0...59), take(oneOf: ":") != nil,
      let second = takeNumber(digits: 2, in: 0...60)
    else { return nil }

    var fraction: [UInt8] = []
    if take(oneOf: ".") != nil {
      fraction = takeDigits()
      guard (1...9).contains(fraction.count) else { return nil }
    }

    guard let zone = take(oneOf: "Zz+-") else { return nil }
    var minutesAhead = 0
    if zone == UInt8(ascii: "+") || zone == UInt8(ascii: "-") {
      guard let hours = takeNumber(digits: 2, in: 0...23), take(oneOf: ":") != nil,
        let minutes = takeNumber(digits: 2, in: 0...59)
      else { return nil }
      minutesAhead = (hours * 60 + minutes) * (zone == UInt8(ascii: "-") ? -1 : 1)
    }
    guard rest.isEmpty else { return nil }

    let minutes = (daysSince1970(year, month, day) * 24 + hour) * 60 + minute - minutesAhead
    let startOfMinute = Int128(minutes) * 60 * nanosecondsPerSecond
    if second == 60 {
      // In any minute, whatever its fraction: the last nanosecond before the next minute.
      return OracleInstant(nanoseconds: startOfMinute + 60 * nanosecondsPerSecond - 1)
    }
    let padded = fraction + [UInt8](repeating: 0, count: 9 - fraction.count)
    let nanoseconds = padded.reduce(Int128(0)) { $0 * 10 + Int128($1) }
    return OracleInstant(nanoseconds: startOfMinute + Int128(second) * nanosecondsPerSecond + nanoseconds)
  }

  private static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  private static func daysOfMonth(_ month: Int, of year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let wholeMonths = (1..<month).reduce(0) { $0 + daysOfMonth($1, of: year) }
    return daysBefore(year) - daysBefore(1970) + wholeMonths + day - 1
  }

  /// The days of the years 0 up to, but not including, this one. The year 0 is a leap year.
  private static func daysBefore(_ year: Int) -> Int {
    guard year > 0 else { return 0 }
    let last = year - 1
    return 365 * year + 1 + last / 4 - last / 100 + last / 400
  }
}
