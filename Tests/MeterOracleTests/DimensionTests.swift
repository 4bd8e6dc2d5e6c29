import MeterOracle
import Testing

@Suite struct DimensionTests {
  private let split = OracleMeter(name: "m", event: "t", aggregate: .count, dimensions: ["d", "at.region"])

  @Test func `dimension values are taken by their text, and a missing one or null is empty`() {
    var kitchen = Kitchen([split])
    kitchen.take(event(id: "a", data: "{\"d\":\"x\\u0041\",\"at\":{\"region\":\"eu\"}}"))
    kitchen.take(event(id: "b", data: "{\"d\":\"xA\",\"at\":{\"region\":\"eu\"}}"))
    kitchen.take(event(id: "c", data: "{\"d\":1.50,\"at\":null}"))
    kitchen.take(event(id: "d", data: "{\"d\":false,\"at\":{\"region\":null}}"))
    kitchen.take(event(id: "e"))
    #expect(
      kitchen.rows() == [
        "acme m ,  0h 1 x1", "acme m 1.50,  0h 1 x1", "acme m false,  0h 1 x1", "acme m xA, eu 0h 2 x2",
      ])
    #expect(kitchen.results().usage[3].dimensions.map(\.path) == ["d", "at.region"])
  }

  @Test(arguments: [
    ("{\"d\":[]}", "bad_dimension"), ("{\"at\":{\"region\":{}}}", "bad_dimension"), ("{\"at\":7}", "counted"),
    ("{\"d\":1,\"d\":1}", "bad_dimension"), ("{\"d\":\"a\\n\"}", "bad_dimension"),
    ("{\"d\":\"\u{9F}\"}", "bad_dimension"),
    ("{\"d\":\"\(String(repeating: "é", count: 128))\"}", "counted"),
    ("{\"d\":\"\(String(repeating: "é", count: 128))x\"}", "bad_dimension"),
  ])
  func `a dimension is a short scalar without control characters`(_ content: String, _ expected: String) {
    #expect(verdict(event(data: content), [split]) == expected)
  }

  @Test func `beyond the bound new dimension values are counted as other, in the order of offsets`() {
    var kitchen = Kitchen([OracleMeter(name: "m", event: "t", aggregate: .sum, value: "n", dimensions: ["d", "e"])]) {
      $0.maxSeriesPerMeter = 2
    }
    func take(_ id: String, _ d: String, time: String = "2026-11-21T10:00:00Z") {
      kitchen.take(event(id: id, time: time, data: "{\"n\":1,\"d\":\"\(d)\",\"e\":\"e\"}"))
    }
    take("1", "a")
    take("2", "b")
    take("3", "c")
    take("4", "d")
    take("5", "a")
    take("6", "c", time: "2026-11-21T09:00:00Z")
    kitchen.take(event(id: "7", subject: "zeta", time: "2026-11-21T10:00:00Z", data: "{\"n\":1,\"d\":\"c\"}"))
    #expect(
      kitchen.rows() == [
        "acme m a, e 0h 2 x2", "acme m b, e 0h 1 x1", "acme m c, e -1h 1 x1", "acme m ~other, ~other 0h 2 x2",
        "zeta m c,  0h 1 x1",
      ])
  }

  @Test func `a void takes back from other what was counted there, and a voided series keeps its room`() {
    var kitchen = Kitchen([OracleMeter(name: "m", event: "t", aggregate: .count, dimensions: ["d"])]) {
      $0.maxSeriesPerMeter = 1
    }
    kitchen.take(event(id: "1", data: "{\"d\":\"a\"}"))
    kitchen.take(event(id: "2", data: "{\"d\":\"b\"}"))
    kitchen.take(void("2", id: "v", data: "{\"d\":\"b\"}"))
    #expect(kitchen.rows() == ["acme m a 0h 1 x1", "acme m ~other 0h 0 x0"])
    kitchen.take(void("1", id: "w", data: "{\"d\":\"a\"}"))
    kitchen.take(event(id: "3", data: "{\"d\":\"b\"}"))
    #expect(kitchen.rows() == ["acme m a 0h 0 x0", "acme m ~other 0h 1 x1"])
  }

  @Test func `a quarantined event takes no room`() {
    var kitchen = Kitchen([OracleMeter(name: "m", event: "t", aggregate: .sum, value: "n", dimensions: ["d"])]) {
      $0.maxSeriesPerMeter = 1
    }
    kitchen.take(event(id: "1", data: "{\"d\":\"a\",\"n\":\"?\"}"))
    kitchen.take(event(id: "2", data: "{\"d\":\"b\",\"n\":1}"))
    #expect(kitchen.rows() == ["acme m b 0h 1 x1"])
  }
}
