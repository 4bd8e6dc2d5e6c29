import MeterModel
import TestDice

@testable import MeterWire

/// Times of day with every offset there is, on days out of a counted calendar, read by the product.
public struct TimeProof {
  public let calendar = CountedCalendar()
  private var dice: Dice

  public init(seed: UInt64) { dice = Dice(seed) }

  /// Every offset from -23:59 to +23:59, zero with both signs and by its letters, with so many random instants each. Returns how many
  /// texts were read.
  public mutating func everyOffset(times: Int, progress: (Int) -> Void = { _ in }) throws(Mismatch) -> Int {
    var count = 0
    for minutes in 0..<1_440 {
      for isBehind in [false, true] {
        let offset = TimeWriter.offset(minutes, isBehind: isBehind)
        for _ in 0..<times { try check(random(offset, isBehind ? -minutes : minutes)) }
        count += times
      }
      progress(count)
    }
    for letter in Array("Zz".utf8) {
      for _ in 0..<times { try check(random([letter], 0)) }
      count += times
    }
    return count
  }

  /// An offset that a time zone has or had, in seconds. One that is not of whole minutes cannot be written, so the time is told by
  /// the nearest one that can, and a text that tries all the same is refused.
  public mutating func zoneOffset(seconds: Int, times: Int) throws(Mismatch) {
    let rounded = (abs(seconds) + 30) / 60
    let minutes = seconds < 0 ? -rounded : rounded
    let offset = TimeWriter.offset(rounded, isBehind: seconds < 0)
    for _ in 0..<times {
      let time = random(offset, minutes)
      try check(time)
      if seconds % 60 != 0 { try refuse(time.text + [0x3A] + TimeWriter.digits(abs(seconds) % 60, 2)) }
    }
  }

  /// Every day of the calendar: its first and last nanosecond, its leap second, and an instant with an offset. And that there are
  /// no other days.
  public mutating func everyDay() throws(Mismatch) -> Int {
    let zulu: [UInt8] = [0x5A]
    for (index, day) in calendar.days.enumerated() {
      try check(TimeWriter.write(day, hour: 0, minute: 0, second: 0, fraction: [], offset: zulu, offsetMinutes: 0))
      for second in 59...60 {
        let fraction = [UInt8](repeating: second == 60 ? UInt8(dice.below(10)) : 9, count: 9)
        try check(
          TimeWriter.write(
            day, hour: 23, minute: 59, second: second, fraction: fraction, offset: zulu, offsetMinutes: 0))
      }
      let minutes = dice.below(1_440)
      let isBehind = dice.once(in: 2)
      try check(
        random(TimeWriter.offset(minutes, isBehind: isBehind), isBehind ? -minutes : minutes, on: day))
      let isLast = index + 1 == calendar.days.count || calendar.days[index + 1].month != day.month
      guard isLast else { continue }
      for wrong in [0] + Array(day.day + 1...day.day + 9) + [99] {
        try refuse(
          TimeWriter.digits(day.year, 4) + [0x2D] + TimeWriter.digits(day.month, 2) + [0x2D]
            + TimeWriter.digits(wrong, 2)
            + Array("T12:00:00Z".utf8))
      }
    }
    return calendar.days.count
  }

  /// A second of 60 in every minute of a day with every sign of offset, with and without a fraction; 61 is none.
  public mutating func leapSeconds() throws(Mismatch) {
    for minute in 0..<1_440 {
      for (offset, minutes) in [(Array("Z".utf8), 0), (Array("+00:00".utf8), 0), (Array("-00:00".utf8), 0)]
        + [TimeWriter.offset(minute, isBehind: false)].map({ ($0, minute) })
        + [TimeWriter.offset(minute, isBehind: true)].map({ ($0, -minute) })
      {
        let day = dice.pick(calendar.days)
        for fraction in [[], [0], [9], [UInt8](repeating: 0, count: 9), [UInt8](repeating: 9, count: 9)] {
          try check(
            TimeWriter.write(
              day, hour: minute / 60, minute: minute % 60, second: 60, fraction: fraction, offset: offset,
              offsetMinutes: minutes))
          try refuse(
            TimeWriter.write(
              day, hour: minute / 60, minute: minute % 60, second: 61 + dice.below(39), fraction: fraction,
              offset: offset,
              offsetMinutes: minutes
            ).text)
        }
      }
    }
  }

  private mutating func random(_ offset: [UInt8], _ minutes: Int, on day: CountedCalendar.Day? = nil) -> WrittenTime {
    let day = day ?? calendar.days[dice.below(calendar.days.count)]
    var fraction: [UInt8] = []
    for _ in 0..<dice.below(10) { fraction.append(UInt8(dice.below(10))) }
    return TimeWriter.write(
      day, hour: dice.below(24), minute: dice.below(60), second: dice.once(in: 16) ? 60 : dice.below(60),
      fraction: fraction, offset: offset, offsetMinutes: minutes, separator: dice.once(in: 8) ? 0x74 : 0x54)
  }

  private func check(_ time: WrittenTime) throws(Mismatch) {
    let found = read(time.text)
    if found == time.instant { return }
    throw Mismatch(
      "'\(String(decoding: time.text, as: UTF8.self))' is \(found.map { "\($0.nanoseconds) ns" } ?? "no time"), by counting "
        + "\(time.instant.nanoseconds) ns")
  }

  private func refuse(_ text: [UInt8]) throws(Mismatch) {
    if let found = read(text) {
      throw Mismatch("'\(String(decoding: text, as: UTF8.self))' is \(found.nanoseconds) ns, but no time")
    }
  }

  /// Digits on both sides must not be taken for part of the time; behind them is the padding that every arena has.
  private func read(_ text: [UInt8]) -> Instant? {
    let arena = [0x39, 0x39] + text + [0x39, 0x39] + [UInt8](repeating: 0, count: RecordBatch.padding)
    return TimeText.parse(arena.span, from: 2, to: text.count + 2)
  }
}
