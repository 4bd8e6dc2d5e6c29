/// Every day from before the first to after the last that 64 bits of nanoseconds reach, counted one by one.
///
/// No formula: a day follows a day, and what a year has more than 365 is looked up in a table of leap years that is itself
/// made by counting fours, hundreds and four hundreds.
public struct CountedCalendar: Sendable {
  public struct Day: Sendable, Equatable {
    public var year: Int
    public var month: Int
    public var day: Int
    /// Days since 1970-01-01.
    public var number: Int

    /// `YYYY-MM-DD`.
    public var text: [UInt8] {
      TimeWriter.digits(year, 4) + [0x2D] + TimeWriter.digits(month, 2) + [0x2D] + TimeWriter.digits(day, 2)
    }
  }

  /// From 1677-01-01 to 2262-12-31.
  public let days: [Day]

  public static let years = 1677...2262

  public init() {
    // 1600 begins a cycle of four hundred years.
    let leapYears = Set(stride(from: 1600, through: 2400, by: 4)).subtracting([1700, 1800, 1900, 2100, 2200, 2300])
    var days: [Day] = []
    var number = 0
    for year in Self.years {
      for month in 1...12 {
        let length = Self.length(of: month, isLeap: leapYears.contains(year))
        for day in 1...length {
          days.append(Day(year: year, month: month, day: day, number: number))
          number += 1
        }
      }
    }
    let epoch = days.first { $0.year == 1970 }?.number ?? 0
    for at in days.indices { days[at].number -= epoch }
    self.days = days
  }

  public static func length(of month: Int, isLeap: Bool) -> Int {
    [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }
}
