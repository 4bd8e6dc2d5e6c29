/// Instants as RFC 3339 text in the proleptic Gregorian calendar.
public enum CivilTime {
  /// Appends `instantNs`, which must not be before 1970, cut (not rounded) to `fractionDigits` of 0 to 9.
  public static func append(_ instantNs: Int64, fractionDigits: Int, offsetHours: Int, to text: inout [UInt8]) {
    let instant = UInt64(instantNs)
    let seconds = instant / 1_000_000_000 + UInt64(offsetHours) * 3600
    let (year, month, day) = date(ofDay: seconds / 86_400)
    let clock = seconds % 86_400
    text.appendDecimal(year, width: 4)
    text.append(45)
    appendPair(month, to: &text)
    text.append(45)
    appendPair(day, to: &text)
    text.append(84)
    appendPair(clock / 3600, to: &text)
    text.append(58)
    appendPair(clock / 60 % 60, to: &text)
    text.append(58)
    appendPair(clock % 60, to: &text)
    if fractionDigits > 0 {
      var fraction = instant % 1_000_000_000
      for _ in fractionDigits..<9 { fraction /= 10 }
      text.append(46)
      text.appendDecimal(fraction, width: fractionDigits)
    }
    if offsetHours == 0 {
      text.append(90)
    } else {
      text.append(43)
      appendPair(UInt64(offsetHours), to: &text)
      text.append(58)
      appendPair(0, to: &text)
    }
  }

  private static func appendPair(_ number: UInt64, to text: inout [UInt8]) {
    text.append(48 &+ UInt8(truncatingIfNeeded: number / 10))
    text.append(48 &+ UInt8(truncatingIfNeeded: number % 10))
  }

  /// Counts years from 1 March, so that a leap day is the last of its year and months follow one linear rule:
  /// (153 m + 2) / 5 days pass before the m-th month after March. 719,468 days lie between 0000-03-01 and 1970.
  private static func date(ofDay day: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
    let days = day + 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }
}
