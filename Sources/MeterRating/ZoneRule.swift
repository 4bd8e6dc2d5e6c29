import MeterModel

/// The rule by which a zone goes on behind the last change that its file lists, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneRule: Sendable, Equatable {
  /// When a change comes, each year: a day, and seconds from its midnight by the clock that holds before it, which may lie on another day.
  struct Change: Sendable, Equatable {
    enum Day: Sendable, Equatable {
      /// Counted from 1, never the 29th of February.
      case julian(Int)
      /// Counted from 0.
      case ordinal(Int)
      /// The week of the month, 5 being the last one; weekdays are counted from Sunday.
      case weekday(month: Int, week: Int, weekday: Int)
    }

    var day: Day
    var seconds: Int

    func days(in year: Int) -> Int {
      let first = CivilDate(year: year, month: 1, day: 1).daysSince1970
      switch day {
      case .julian(let number): return first + number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
      case .ordinal(let number): return first + number
      case .weekday(let month, let week, let weekday):
        let begin = CivilDate(year: year, month: month, day: 1).daysSince1970
        // 1970 began on a Thursday.
        let firstWeekday = ((begin + 4) % 7 + 7) % 7
        let day = (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
        return begin + (day < CivilDate.days(in: month, of: year) ? day : day - 7)
      }
    }
  }

  var standardOffset: Int
  /// Nil for a zone that has no other time.
  var daylight: (offset: Int, begin: Change, end: Change)?

  static func == (a: ZoneRule, b: ZoneRule) -> Bool {
    a.standardOffset == b.standardOffset && a.daylight?.offset == b.daylight?.offset
      && a.daylight?.begin == b.daylight?.begin && a.daylight?.end == b.daylight?.end
  }

  /// Nil for what is no such rule.
  init?(_ text: [UInt8]) {
    var reader = Reader(text)
    guard reader.passName(), let standard = reader.clock(hoursMax: 24) else { return nil }
    // POSIX counts west of Greenwich.
    standardOffset = -standard
    daylight = nil
    if reader.isAtEnd { return }
    guard reader.passName() else { return nil }
    var offset = standardOffset + 3_600
    if !reader.isNext(",") {
      guard let said = reader.clock(hoursMax: 24) else { return nil }
      offset = -said
    }
    guard let begin = reader.change(), let end = reader.change(), reader.isAtEnd else { return nil }
    daylight = (offset, begin, end)
  }

  /// The changes of a year and the offsets they bring, in order.
  func changes(in year: Int) -> [(at: Int64, offset: Int)] {
    guard let daylight else { return [] }
    let begin = Int64(daylight.begin.days(in: year) * 86_400 + daylight.begin.seconds - standardOffset)
    let end = Int64(daylight.end.days(in: year) * 86_400 + daylight.end.seconds - daylight.offset)
    return begin < end
      ? [(begin, daylight.offset), (end, standardOffset)] : [(end, standardOffset), (begin, daylight.offset)]
  }

  private struct Reader {
    private let text: [UInt8]
    private var at = 0

    init(_ text: [UInt8]) { self.text = text }

    var isAtEnd: Bool { at == text.count }

    func isNext(_ character: Unicode.Scalar) -> Bool { at < text.count && text[at] == UInt8(ascii: character) }

    private mutating func pass(_ character: Unicode.Scalar) -> Bool {
      guard isNext(character) else { return false }
      at += 1
      return true
    }

    /// `CET`, or anything between angle brackets.
    mutating func passName() -> Bool {
      let start = at
      if pass("<") {
        while at < text.count, text[at] != UInt8(ascii: ">") { at += 1 }
        return pass(">")
      }
      while at < text.count, (text[at] | 0x20) >= UInt8(ascii: "a"), (text[at] | 0x20) <= UInt8(ascii: "z") { at += 1 }
      return at - start >= 3
    }

    private mutating func number(_ digitsMax: Int) -> Int? {
      var value = 0
      var digits = 0
      while at < text.count, digits < digitsMax, text[at] >= UInt8(ascii: "0"), text[at] <= UInt8(ascii: "9") {
        value = value * 10 + Int(text[at] - UInt8(ascii: "0"))
        digits += 1
        at += 1
      }
      return digits > 0 ? value : nil
    }

    /// Hours, minutes and seconds with a sign, in seconds.
    mutating func clock(hoursMax: Int) -> Int? {
      let isNegative = pass("-")
      if !isNegative { _ = pass("+") }
      guard let hours = number(3), hours <= hoursMax else { return nil }
      var seconds = hours * 3_600
      for unit in [60, 1] where pass(":") {
        guard let part = number(2), part < 60 else { return nil }
        seconds += part * unit
      }
      return isNegative ? -seconds : seconds
    }

    mutating func change() -> Change? {
      guard pass(","), let day = day() else { return nil }
      guard pass("/") else { return Change(day: day, seconds: 7_200) }
      guard let seconds = clock(hoursMax: 167) else { return nil }
      return Change(day: day, seconds: seconds)
    }

    private mutating func day() -> Change.Day? {
      if pass("J") {
        guard let number = number(3), (1...365).contains(number) else { return nil }
        return .julian(number)
      }
      if pass("M") {
        guard let month = number(2), (1...12).contains(month), pass("."), let week = number(1), (1...5).contains(week),
          pass("."), let weekday = number(1), (0...6).contains(weekday)
        else { return nil }
        return .weekday(month: month, week: week, weekday: weekday)
      }
      guard let number = number(3), (0...365).contains(number) else { return nil }
      return .ordinal(number)
    }
  }
}
