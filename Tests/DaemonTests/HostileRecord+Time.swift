import Foundation

/// Times in every form, and times at the edges of what a record may carry.
extension HostileRecord {
  /// The local date and time of an instant where the clock is `offset` seconds ahead of UTC, to the second.
  private static func clock(_ seconds: Int, ahead offset: Int = 0) -> String {
    String(ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(seconds + offset))).dropLast())
  }

  private static let noon = clock(base + 1_234)

  /// Late in the hour, so that none of its times is too far ahead of it.
  private static let late: Int64 = 3_590_000

  private static func timed(
    _ name: String, _ time: String, at ms: Int64 = 0, _ verdict: Verdict = .counted, start: Int = base
  ) -> HostileRecord {
    var rows: [Row] = []
    if case .counted = verdict { rows = [.calls(name, start: start)] }
    return event(name, ["time": "\"\(time)\""], at: ms, verdict, rows: rows)
  }

  private static let sameHour: [(String, String)] = [
    ("UTC", "\(noon)Z"), ("in lower case", "\(noon.lowercased())z"), ("with a lower-case t", "\(noon.lowercased())Z"),
    ("with a lower-case z", "\(noon)z"), ("at an offset of nothing", "\(noon)+00:00"),
    ("at an unknown offset", "\(noon)-00:00"),
    ("23:59 ahead", clock(base + 1_234, ahead: 86_340) + "+23:59"),
    ("23:59 behind", clock(base + 1_234, ahead: -86_340) + "-23:59"),
    ("of Nepal", clock(base + 1_234, ahead: 20_700) + "+05:45"), ("with a tenth", "\(noon).5Z"),
    ("with nine digits", "\(noon).123456789Z"), ("with nine nines", "\(noon).999999999Z"),
    ("with nine zeros", "\(noon).000000000+00:00"),
    ("at the start of its window", clock(base) + "Z"),
    ("in the window's last nanosecond", clock(base + 3_599) + ".999999999Z"),
  ]

  private static let otherHours: [(String, String, Int)] = [
    ("at a window's end", clock(base + 3_599) + "Z", 0), ("a window before", clock(base - 1) + ".999999999Z", -1),
    // :60 is the last nanosecond before the next minute, so it belongs to the hour that it ends.
    ("of a leap second at an hour's end", String(clock(base - 60).dropLast(2)) + "60Z", -1),
    ("of a leap second in mid-hour", String(noon.dropLast(2)) + "60Z", 0),
    ("of a leap second with a fraction", String(clock(base - 60).dropLast(2)) + "60.5Z", -1),
    ("of a leap second at an offset", String(clock(base - 60, ahead: 3_600).dropLast(2)) + "60+01:00", -1),
  ]

  static let times: [HostileRecord] =
    sameHour.map { kind, time in timed("a time \(kind)", time, at: late) }
    + otherHours.map { kind, time, hour in timed("a time \(kind)", time, at: late, start: base + 3_600 * hour) }
    + noTimes.map { kind, time in timed("a time \(kind)", time, at: late, .refused(.badAttribute)) } + rareTimes

  private static let rareTimes: [HostileRecord] =
    [
      event("a time that is a number", ["time": "1795000000"], .refused(.badAttribute)),
      event("a time that is a list", ["time": "[]"], .refused(.badAttribute)),
      event(
        "a time in escapes",
        ["time": "\"" + "\(noon)Z".unicodeScalars.map { "\\u00" + String($0.value, radix: 16) }.joined() + "\""],
        at: late),
      timed("a leap day long ago", "2024-02-29T00:00:00Z", .refused(.tooOld)),
      timed("the leap day of 2000", "2000-02-29T00:00:00Z", .refused(.tooOld)),
      timed("a time before 1970", "1969-12-31T23:59:59.999999999Z", .refused(.tooOld)),
      timed("a time before 1677", "1600-02-29T00:00:00Z", .refused(.tooOld)),
      timed("the year 0", "0000-01-01T00:00:00Z", .refused(.tooOld)),
      timed("the leap day of the year 0", "0000-02-29T00:00:00Z", .refused(.tooOld)),
      timed("before the year 0 by its offset", "0000-01-01T00:00:00+23:59", .refused(.tooOld)),
      timed("a time behind 2262", "2400-02-29T00:00:00Z", .refused(.inFuture)),
      timed("the end of the year 9999", "9999-12-31T23:59:60.999999999-23:59", .refused(.inFuture)),
    ]

  private static let day = String(noon.prefix(10))

  private static let noTimes: [(String, String)] = [
    ("of no bytes", ""), ("of a day", day), ("without a zone", noon), ("without seconds", "\(noon.dropLast(3))Z"),
    ("at 24:00", "\(day)T24:00:00Z"), ("at second 61", "\(noon.dropLast(2))61Z"), ("at minute 60", "\(day)T10:60:00Z"),
    ("at an offset of 24:00", "\(noon)+24:00"), ("at an offset of 23:60", "\(noon)+23:60"),
    ("at an offset of four digits", "\(noon)+0100"),
    ("at an offset of hours", "\(noon)+01"), ("at an offset of one digit", "\(noon)+1:00"),
    ("with a zone and an offset", "\(noon)Z+00:00"),
    ("with ten digits", "\(noon).1234567890Z"), ("with ten zeros", "\(noon).0000000000Z"),
    ("with a point and nothing", "\(noon).Z"),
    ("with a comma", "\(noon),5Z"), ("with a blank in the middle", "\(noon.replacing("T", with: " "))Z"),
    ("with an underscore in the middle", "\(noon.replacing("T", with: "_"))Z"), ("with a blank before", " \(noon)Z"),
    ("with a blank behind", "\(noon)Z "), ("with a line feed behind", "\(noon)Z\\n"),
    ("without dashes", "\(noon.replacing("-", with: ""))Z"),
    ("of February 30", "2026-02-30T00:00:00Z"), ("of February 29, 2025", "2025-02-29T00:00:00Z"),
    ("of February 29, 1900", "1900-02-29T00:00:00Z"), ("of April 31", "2026-04-31T00:00:00Z"),
    ("of day 0", "2026-04-00T00:00:00Z"),
    ("of day 32", "2026-05-32T00:00:00Z"), ("of month 0", "2026-00-01T00:00:00Z"),
    ("of month 13", "2026-13-01T00:00:00Z"),
    ("of five digits' year", "02026-11-21T00:00:00Z"), ("of a signed year", "+2026-11-21T00:00:00Z"),
    ("of a year of two digits", "26-11-21T00:00:00Z"),
    ("of a week", "2026-W47-6T00:00:00Z"), ("of a day of the year", "2026-325T00:00:00Z"),
    ("with a true minus", "\(noon)\u{2212}01:00"),
    ("in full width", "\(noon.dropLast())\u{FF10}Z"), ("in words", "now"),
    ("of RFC 1123", "Sat, 21 Nov 2026 10:00:00 GMT"),
    ("in seconds", "1795000000"), ("with a name behind", "\(noon)Z[UTC]"), ("with one digit's hour", "\(day)T1:00:00Z"),
  ]

  /// Against the record's Kafka timestamp, to the nanosecond: 35 days back and 10 minutes ahead are still allowed.
  static let edges: [HostileRecord] = [
    timed("35 days back", clock(base - 35 * 86_400) + "Z", start: base - 35 * 86_400),
    timed("a nanosecond more than 35 days back", clock(base - 35 * 86_400 - 1) + ".999999999Z", .refused(.tooOld)),
    timed(
      "a leap second more than 35 days back", String(clock(base - 35 * 86_400 - 60).dropLast(2)) + "60Z",
      .refused(.tooOld)),
    timed("10 minutes ahead", clock(base + 600) + "Z"),
    timed("a nanosecond more than 10 minutes ahead", clock(base + 600) + ".000000001Z", .refused(.inFuture)),
    timed("a leap second before 10 minutes ahead", String(clock(base + 540).dropLast(2)) + "60Z"),
    event(
      "35 days back from a millisecond", ["time": "\"\(clock(base - 35 * 86_400)).123Z\""], at: 123,
      rows: [.calls("35 days back from a millisecond", start: base - 35 * 86_400)]),
    event(
      "a nanosecond more from a millisecond", ["time": "\"\(clock(base - 35 * 86_400)).122999999Z\""], at: 123,
      .refused(.tooOld)),
    event(
      "10 minutes ahead of a millisecond", ["time": "\"\(clock(base + 600)).123000000Z\""], at: 123),
    event(
      "a nanosecond ahead of that", ["time": "\"\(clock(base + 600)).123000001Z\""], at: 123, .refused(.inFuture)),
    // Without a time it is the record's own, however old that is.
    event(
      "a record of the first millisecond of 1970", at: 1 - Int64(base) * 1_000,
      rows: [.calls("a record of the first millisecond of 1970", start: 0)]),
    event(
      "an hour ahead of this machine", at: (3 * 3_600 + 3_600) * 1_000, .refused(.inFuture)),
    event(
      "an hour ahead of this machine, with a sound time", ["time": "\"\(clock(base))Z\""],
      at: (3 * 3_600 + 3_600) * 1_000,
      .refused(.inFuture)),
    event("centuries ahead of this machine", at: 10_000_000_000_000, .refused(.inFuture)),
    // What could not be accepted moves no clock: this one is still within the dedupe window of those before.
    event("punctual behind those", at: 1),
  ]
}
