import MeterOracle
import Testing

@Suite struct AggregateTests {
  private func quantities(_ aggregate: OracleAggregate, _ values: [String], scale: Int = 9) -> [String] {
    var kitchen = Kitchen([meter(aggregate, scale: scale)])
    for (index, value) in values.enumerated() { kitchen.take(event(id: "\(index)", data: "{\"n\":\(value)}")) }
    return kitchen.results().usage.map(\.quantity)
  }

  @Test func `sums are exact where binary floating point is not`() {
    #expect(quantities(.sum, ["0.1", "0.2"]) == ["0.3"])
    #expect(quantities(.sum, ["9007199254740993", "0.000000001"]) == ["9007199254740993.000000001"])
    #expect(quantities(.sum, ["99.5", "0.50"]) == ["100"])
    #expect(quantities(.sum, ["1e2", "\"2.5e1\""]) == ["125"])
  }

  @Test func `max and min are taken by value and not by text`() {
    #expect(quantities(.max, ["9", "10", "1.5"]) == ["10"])
    #expect(quantities(.min, ["9", "10", "1.5"]) == ["1.5"])
    #expect(quantities(.max, ["0"]) == ["0"])
  }

  @Test func `unique counts distinct texts`() {
    #expect(quantities(.unique, ["\"a\"", "\"b\"", "\"a\"", "1", "\"1\"", "1.0", "true", "\"\""]) == ["6"])
    #expect(quantities(.unique, ["null"]) == [])
    #expect(quantities(.unique, ["[]"]) == [])
  }

  @Test func `unique stays exact beyond its bound and says approximate`() {
    var kitchen = Kitchen([meter(.unique)]) { $0.uniqueExactMax = 2 }
    kitchen.take(event(id: "1", data: "{\"n\":1}"))
    kitchen.take(event(id: "2", data: "{\"n\":2}"))
    #expect(kitchen.results().usage.map(\.approximate) == [false])
    kitchen.take(event(id: "3", data: "{\"n\":3}"))
    #expect(kitchen.results().usage.map(\.approximate) == [true])
    #expect(kitchen.results().usage.map(\.quantity) == ["3"])
  }

  @Test func `latest is the greatest time, then the last offset, then the last place in the batch`() {
    var kitchen = Kitchen([meter(.latest)])
    kitchen.take(event(id: "a", time: "2026-11-21T10:10:00Z", data: "{\"n\":1}"))
    kitchen.take(event(id: "b", time: "2026-11-21T10:09:00Z", data: "{\"n\":2}"))
    #expect(kitchen.rows() == ["acme m 0h 1 x2"])
    kitchen.take(event(id: "c", time: "2026-11-21T10:10:00Z", data: "{\"n\":3}"))
    #expect(kitchen.rows() == ["acme m 0h 3 x3"])
    let time = "2026-11-21T10:11:00Z"
    kitchen.take("[\(event(id: "d", time: time, data: "{\"n\":4}")),\(event(id: "e", time: time, data: "{\"n\":5}"))]")
    #expect(kitchen.rows() == ["acme m 0h 5 x5"])
  }

  @Test func `one event may feed several meters, and none when one of them cannot take it`() {
    var kitchen = Kitchen([calls, tokens, meter(.max)])
    kitchen.take(event(id: "a", data: "{\"n\":1.25}"))
    kitchen.take(event(id: "b", data: "{\"n\":1.125}"))
    #expect(kitchen.rows() == ["acme calls 0h 1 x1", "acme m 0h 1.25 x1", "acme tokens 0h 1.25 x1"])
    #expect(kitchen.reasons == [.badValue])
  }

  @Test func `partitions come together as series`() {
    let kinds: [OracleAggregate] = [.count, .sum, .max, .min, .latest, .unique]
    var kitchen = Kitchen(
      kinds.map { OracleMeter(name: "\($0.rawValue)", event: "t", aggregate: $0, value: "n", scale: 1) })
    kitchen.take(event(id: "a", time: "2026-11-21T10:10:00Z", data: "{\"n\":1}"))
    kitchen.take(event(id: "b", time: "2026-11-21T10:12:00Z", data: "{\"n\":5}"), partition: 1)
    kitchen.take(event(id: "c", time: "2026-11-21T10:11:00Z", data: "{\"n\":5}"), partition: 2)
    #expect(
      kitchen.rows() == [
        "acme count 0h 3 x3", "acme latest 0h 5 x3", "acme max 0h 5 x3", "acme min 0h 1 x3", "acme sum 0h 11 x3",
        "acme unique 0h 2 x3",
      ])
  }

  @Test func `a value or a window's sum of 39 digits is an overflow`() {
    let largest = String(repeating: "9", count: 38)
    var kitchen = Kitchen([meter(.sum, scale: 0)])
    kitchen.take(event(id: "a", data: "{\"n\":1\(String(repeating: "0", count: 38))}"))
    kitchen.take(event(id: "b", data: "{\"n\":\(largest)}"))
    kitchen.take(event(id: "c", data: "{\"n\":1}"))
    kitchen.take(event(id: "d", data: "{\"n\":0}"))
    kitchen.take(adjust(id: "e", data: "{\"n\":-1}"))
    kitchen.take(event(id: "c", data: "{\"n\":1}"))
    // Another window has a sum of its own.
    kitchen.take(event(id: "f", time: "2026-11-21T09:00:00Z", data: "{\"n\":\(largest)}"))
    #expect(kitchen.reasons == [.overflow, .overflow])
    #expect(kitchen.results().quarantine.map(\.offset) == [0, 2])
    #expect(kitchen.rows() == ["acme m -1h \(largest) x1", "acme m 0h \(largest) x4"])
  }

  @Test func `taking a negative adjust back cannot carry a sum out of its range`() {
    let largest = String(repeating: "9", count: 38)
    var kitchen = Kitchen([meter(.sum, scale: 0)])
    kitchen.take(adjust(id: "a", data: "{\"n\":-5}"))
    kitchen.take(event(id: "b", data: "{\"n\":\(largest)}"))
    kitchen.take(event(id: "c", data: "{\"n\":4}"))
    kitchen.take(void("a", id: "v", data: "{\"n\":-5}"))
    #expect(kitchen.reasons == [.overflow])
    kitchen.take(adjust(id: "d", data: "{\"n\":-9}"))
    kitchen.take(void("a", id: "v", data: "{\"n\":-5}"))
    #expect(kitchen.count(.voided) == 1)
  }

  @Test(arguments: [
    ("0e999999999999999999999", "counted"), ("1e37", "counted"), ("1e38", "overflow"), ("1e-1", "bad_value"),
    ("10e-1", "counted"), ("1e-999999999999999999999", "bad_value"), ("-1", "bad_value"), ("\"-1\"", "bad_value"),
    ("\"\\u0031\"", "counted"), ("\"１\"", "bad_value"), ("\"1e\"", "bad_value"), ("{}", "bad_value"),
  ])
  func `a value of scale 0 is exact or refused`(_ value: String, _ expected: String) {
    #expect(verdict(event(data: "{\"n\":\(value)}"), [meter(.sum, scale: 0)]) == expected)
  }

  @Test(arguments: [
    ("{\"a\":{\"b\":1}}", "counted"), ("{\"a\":{}}", "bad_value"), ("{\"a\":1}", "bad_value"),
    ("{\"a.b\":1}", "bad_value"), ("{\"a\":{\"b\":1,\"b\":1}}", "bad_value"),
    ("{\"a\":{\"b\":1},\"a\":{\"b\":1}}", "bad_value"), ("{\"a\":{\"b\":1},\"c\":1,\"c\":2}", "counted"),
    ("{\"a\":[{\"b\":1}]}", "bad_value"), ("{}", "bad_value"),
  ])
  func `the value stands at a dotted path below data`(_ content: String, _ expected: String) {
    let nested = OracleMeter(name: "m", event: "t", aggregate: .sum, value: "a.b")
    #expect(verdict(event(data: content), [nested]) == expected)
  }
}
