import MeterOracle
import Testing

@Suite struct LevelTests {
  private func level(_ samples: [(String, String)], _ meter: OracleMeter = meter(.timeWeighted)) -> Kitchen {
    var kitchen = Kitchen([meter]) { $0.now = OracleInstant(seconds: ten + 100 * 3600) }
    for (index, sample) in samples.enumerated() {
      kitchen.take(
        event(id: "\(index)", time: "2026-11-21T\(sample.0)Z", data: "{\"n\":\(sample.1)}"), at: (ten + 6 * 3600) * 1000
      )
    }
    return kitchen
  }

  @Test func `a level holds until the next sample and over the ends of windows`() {
    // 4 from 10:15 to 10:45 is 2; 8 from 10:45 is 2 until 11:00, 8 until 12:00, 4 until 12:30.
    let kitchen = level([("10:15:00", "4"), ("10:45:00", "8")])
    #expect(kitchen.rows(upTo: ten + 9000) == ["acme m 0h 4 x2", "acme m 1h 8 x0", "acme m 2h 4 x0"])
    #expect(kitchen.rows(upTo: ten + 7200) == ["acme m 0h 4 x2", "acme m 1h 8 x0"])
    #expect(kitchen.rows(upTo: ten + 1800) == ["acme m 0h 1 x2"])
    #expect(kitchen.rows(upTo: ten) == ["acme m 0h 0 x2"])
  }

  @Test func `samples out of order make the same integral`() {
    let inOrder = level([("10:15:00", "4"), ("10:45:00", "8"), ("12:00:00", "0.5")])
    let outOfOrder = level([("12:00:00", "0.5"), ("10:45:00", "8"), ("10:15:00", "4")])
    #expect(inOrder.rows(upTo: ten + 9000) == outOfOrder.rows(upTo: ten + 9000))
    #expect(inOrder.rows(upTo: ten + 9000) == ["acme m 0h 4 x2", "acme m 1h 8 x0", "acme m 2h 0.25 x1"])
  }

  @Test func `a level ends when hold has passed`() {
    // 6 for 20 minutes from 10:50: 1 before eleven, 1 after; nothing at twelve; 3 for 20 minutes from 13:00.
    let short = meter(.timeWeighted, hold: .seconds(1200))
    let kitchen = level([("10:50:00", "6"), ("13:00:00", "3")], short)
    #expect(kitchen.rows(upTo: ten + 5 * 3600) == ["acme m 0h 1 x1", "acme m 1h 1 x0", "acme m 3h 1 x1"])
    // A sample in time goes on: 6 for 10 minutes, then 12 for 20.
    let goesOn = level([("10:00:00", "6"), ("10:10:00", "12")], short)
    #expect(goesOn.rows() == ["acme m 0h 5 x2"])
  }

  @Test func `at one instant the last offset holds`() {
    #expect(level([("10:00:00", "9"), ("10:00:00", "2")]).rows() == ["acme m 0h 2 x2"])
  }

  @Test func `a level of zero goes on having rows`() {
    #expect(level([("10:00:00", "0")]).rows(upTo: ten + 7200) == ["acme m 0h 0 x1", "acme m 1h 0 x0"])
  }

  @Test func `the integral is rounded once, half to even, at the meter's scale`() {
    let whole = meter(.timeWeighted, scale: 0)
    // Half an hour of 1, 3 and 5 is 0.5, 1.5 and 2.5.
    #expect(level([("10:30:00", "1")], whole).rows() == ["acme m 0h 0 x1"])
    #expect(level([("10:30:00", "3")], whole).rows() == ["acme m 0h 2 x1"])
    #expect(level([("10:30:00", "5")], whole).rows() == ["acme m 0h 2 x1"])
    // Ten minutes of 1 are 1/6 of an hour; twice ten minutes in a window are 1/3, and not twice the rounded sixth.
    let hundredths = meter(.timeWeighted, scale: 2)
    #expect(level([("10:50:00", "1")], hundredths).rows() == ["acme m 0h 0.17 x1"])
    #expect(
      level([("10:00:00", "1"), ("10:10:00", "0"), ("10:50:00", "1")], hundredths).rows() == ["acme m 0h 0.33 x3"])
  }

  @Test func `a nanosecond is not lost`() {
    let kitchen = level([("10:59:59.999999999", "3600000000000")], meter(.timeWeighted, scale: 0))
    #expect(kitchen.rows() == ["acme m 0h 1 x1"])
  }

  @Test func `the samples of a series come together over partitions`() {
    var kitchen = Kitchen([meter(.timeWeighted)])
    kitchen.take(event(id: "a", time: "2026-11-21T10:00:00Z", data: "{\"n\":1}"))
    kitchen.take(event(id: "b", time: "2026-11-21T10:15:00Z", data: "{\"n\":5}"), partition: 1)
    #expect(kitchen.rows() == ["acme m 0h 4 x2"])
  }
}
