import MeterModel
import Testing

@Suite struct WindowGridTests {
  static let lengths: [TimeSpan] = [.minutes(1), .minutes(15), .hours(1)]

  @Test(arguments: lengths)
  func `a window holds its first nanosecond and not the one behind its last`(_ length: TimeSpan) {
    let grid = WindowGrid(length: length)
    for number: Int32 in [-3, -2, -1, 0, 1, 2, 494_793] {
      let start = grid.startSeconds(of: number) * 1_000_000_000
      #expect(grid.number(of: Instant(nanoseconds: start)) == number)
      #expect(grid.number(of: Instant(nanoseconds: start + length.nanoseconds - 1)) == number)
      #expect(grid.number(of: Instant(nanoseconds: start - 1)) == number - 1)
      #expect(grid.number(of: Instant(nanoseconds: start + length.nanoseconds)) == number + 1)
    }
  }

  @Test func `the nanosecond before 1970 is in the window before it`() {
    let grid = WindowGrid(length: .hours(1))
    #expect(grid.number(of: Instant(nanoseconds: -1)) == -1)
    #expect(grid.startSeconds(of: -1) == -3600)
  }

  @Test(arguments: lengths)
  func `the ends of time have windows`(_ length: TimeSpan) {
    let grid = WindowGrid(length: length)
    for instant in [Instant(nanoseconds: .min), Instant(nanoseconds: .max)] {
      let start = Int128(grid.startSeconds(of: grid.number(of: instant))) * 1_000_000_000
      #expect(start <= Int128(instant.nanoseconds))
      #expect(Int128(instant.nanoseconds) < start + Int128(length.nanoseconds))
    }
  }
}

@Suite struct InstantTests {
  @Test func `milliseconds beyond the range are held at the nearer end`() {
    #expect(Instant(saturatingMilliseconds: .max).nanoseconds == .max)
    #expect(Instant(saturatingMilliseconds: .min).nanoseconds == .min)
    #expect(Instant(saturatingMilliseconds: 9_223_372_036_854).nanoseconds == 9_223_372_036_854_000_000)
    #expect(Instant(saturatingMilliseconds: 9_223_372_036_855).nanoseconds == .max)
    #expect(Instant(saturatingMilliseconds: -9_223_372_036_855).nanoseconds == .min)
    #expect(Instant(saturatingMilliseconds: -1).nanoseconds == -1_000_000)
  }

  @Test func `adding a span never wraps`() {
    let end = Instant(nanoseconds: .max)
    let start = Instant(nanoseconds: .min)
    #expect(end.saturatingAdding(TimeSpan(nanoseconds: 1)) == end)
    #expect(start.saturatingAdding(TimeSpan(nanoseconds: -1)) == start)
    #expect(end.saturatingAdding(TimeSpan(nanoseconds: -1)).nanoseconds == .max - 1)
    #expect(start.saturatingAdding(.days(400)) > start)
    #expect(Instant(nanoseconds: 5).saturatingAdding(.milliseconds(-1)).nanoseconds == -999_995)
  }
}
