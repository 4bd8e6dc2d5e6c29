/// Writes an instant as RFC 3339 in UTC with milliseconds, rounded down: `2026-11-21T07:28:03.123Z`.
enum TimeText {
  static func append(_ nanoseconds: Int64, to bytes: inout [UInt8]) {
    let (days, inDay) = nanoseconds.flooredDivision(by: 86_400_000_000_000)
    let (year, month, day) = date(daysSince1970: days)
    let milliseconds = inDay / 1_000_000
    // Int64 nanoseconds reach from 1677 to 2262: a year always has four digits.
    appendDigits(year, 4, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    appendDigits(month, 2, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    appendDigits(day, 2, to: &bytes)
    bytes.append(UInt8(ascii: "T"))
    appendDigits(milliseconds / 3_600_000, 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendDigits(milliseconds / 60_000 % 60, 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendDigits(milliseconds / 1000 % 60, 2, to: &bytes)
    bytes.append(UInt8(ascii: "."))
    appendDigits(milliseconds % 1000, 3, to: &bytes)
    bytes.append(UInt8(ascii: "Z"))
  }

  /// Counts in years that begin in March, so that the leap day is a year's last: then a day's number gives its month
  /// by one division. 146,097 days are 400 years; 719,468 days lie between March of year 0 and 1970.
  private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
  }

  private static func appendDigits(_ value: Int64, _ width: Int, to bytes: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<width { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
  }
}

extension Int64 {
  fileprivate func flooredDivision(by divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
