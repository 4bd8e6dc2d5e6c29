import MeterModel
import TestDice

/// A local time with its text and the instant that it means, made from a day's number without reading any text.
struct WrittenTime {
  var text: [UInt8]
  var instant: Instant
}

enum TimeWriter {
  static func digits(_ number: Int, _ count: Int) -> [UInt8] {
    var rest = number
    var digits = [UInt8](repeating: 0x30, count: count)
    for at in digits.indices.reversed() {
      digits[at] += UInt8(rest % 10)
      rest /= 10
    }
    return digits
  }

  /// `+HH:MM`; nothing may be behind UTC, too.
  static func offset(_ minutes: Int, isBehind: Bool) -> [UInt8] {
    [isBehind ? 0x2D : 0x2B] + digits(minutes / 60, 2) + [0x3A] + digits(minutes % 60, 2)
  }

  /// `second` may be 60. `fraction` has at most nine digits. `offsetMinutes` is what local time is ahead of UTC.
  static func write(
    _ day: CountedCalendar.Day, hour: Int, minute: Int, second: Int, fraction: [UInt8], offset: [UInt8],
    offsetMinutes: Int,
    separator: UInt8 = 0x54
  ) -> WrittenTime {
    var text = day.text + [separator] + digits(hour, 2) + [0x3A] + digits(minute, 2) + [0x3A] + digits(second, 2)
    if !fraction.isEmpty { text += [0x2E] + fraction.map { $0 + 0x30 } }
    text += offset
    // A leap second is the last nanosecond before the next minute, whatever its fraction says.
    let padded = fraction + [UInt8](repeating: 0, count: 9 - fraction.count)
    let nanoseconds = second == 60 ? 999_999_999 : padded.reduce(0) { $0 * 10 + Int($1) }
    let seconds = day.number * 86_400 + (hour * 60 + minute - offsetMinutes) * 60 + min(second, 59)
    let exact = Int128(seconds) * 1_000_000_000 + Int128(nanoseconds)
    return WrittenTime(text: text, instant: Instant(nanoseconds: Int64(clamping: exact)))
  }
}
