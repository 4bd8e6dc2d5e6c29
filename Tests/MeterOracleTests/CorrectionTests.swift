import MeterOracle
import Testing

@Suite struct CorrectionTests {
  private let hour: Int64 = 3_600_000

  @Test func `a void takes back the quantity and the event and leaves the row`() {
    var kitchen = Kitchen([tokens, calls])
    kitchen.take(event(id: "a", data: "{\"n\":2.25}"))
    kitchen.take(event(id: "b", data: "{\"n\":4}"))
    kitchen.take(void("a", id: "v", data: "{\"n\":2.25}"))
    #expect(kitchen.rows() == ["acme calls 0h 1 x1", "acme tokens 0h 4 x1"])
    kitchen.take(void("b", id: "w", data: "{\"n\":4}"))
    #expect(kitchen.rows() == ["acme calls 0h 0 x0", "acme tokens 0h 0 x0"])
    #expect(kitchen.results().accounting[0].verdicts == [.counted: 2, .voided: 2])
  }

  @Test func `a void takes back where the original was counted, whenever it comes itself`() {
    var kitchen = Kitchen { $0.now = OracleInstant(milliseconds: quarterPastTen + 1000 * hour) }
    kitchen.take(event(id: "a"))
    kitchen.take(void("a", id: "v"), at: quarterPastTen + 5 * hour)
    #expect(kitchen.rows() == ["acme calls 0h 0 x0"])
  }

  @Test func `a void of nothing, of other content, of a void or of something too long ago is unknown`() {
    var kitchen = Kitchen([tokens]) {
      $0.now = OracleInstant(milliseconds: quarterPastTen + 1000 * hour)
      $0.forgetting = .never
    }
    kitchen.take(event(id: "a", data: "{\"n\":1}"))
    kitchen.take(void("nothing", id: "v1", data: "{\"n\":1}"))
    kitchen.take(void("a", id: "v2", data: "{\"n\":1.0}"))
    kitchen.take(void("a", id: "v3", time: "2026-11-21T10:15:00Z", data: "{\"n\":1}"))
    kitchen.take(void("a", id: "v4", data: "{\"n\":1}"))
    kitchen.take(void("v4", id: "v5", data: "{\"n\":1}"))
    kitchen.take(event(id: "b", data: "{\"n\":5}"))
    kitchen.take(void("b", id: "v6", data: "{\"n\":5}"), at: quarterPastTen + 24 * hour + 1)
    #expect(kitchen.reasons == [.voidUnknown, .voidUnknown, .voidUnknown, .voidUnknown, .voidUnknown])
    #expect(kitchen.results().quarantine.map(\.offset) == [1, 2, 3, 5, 7])
    #expect(kitchen.rows() == ["acme tokens 0h 5 x1"])
  }

  @Test func `a void just inside the dedupe window is applied`() {
    var kitchen = Kitchen { $0.now = OracleInstant(milliseconds: quarterPastTen + 1000 * hour) }
    kitchen.take(event(id: "a"))
    kitchen.take(void("a", id: "v"), at: quarterPastTen + 24 * hour)
    #expect(kitchen.count(.voided) == 1)
  }

  @Test func `a second void is void_twice and the same void again is a duplicate`() {
    var kitchen = Kitchen()
    kitchen.take(event(id: "a"))
    kitchen.take(void("a", id: "v"))
    kitchen.take(void("a", id: "w"))
    kitchen.take(void("a", id: "v"))
    kitchen.take(event(id: "a"))
    #expect(kitchen.reasons == [.voidTwice])
    #expect(kitchen.results().accounting[0].verdicts == [.counted: 1, .voided: 1, .quarantined: 1, .duplicate: 2])
    #expect(kitchen.rows() == ["acme calls 0h 0 x0"])
  }

  @Test func `an adjust carries a quantity of either sign and can be voided itself`() {
    var kitchen = Kitchen([tokens])
    kitchen.take(event(id: "a", data: "{\"n\":10}"))
    kitchen.take(adjust(id: "b", data: "{\"n\":-12.5}"))
    #expect(kitchen.rows() == ["acme tokens 0h -2.5 x2"])
    kitchen.take(adjust(id: "c", data: "{\"n\":\"0.25\"}"))
    #expect(kitchen.rows() == ["acme tokens 0h -2.25 x3"])
    kitchen.take(void("b", id: "v", data: "{\"n\":-12.5}"))
    #expect(kitchen.rows() == ["acme tokens 0h 10.25 x2"])
    #expect(kitchen.count(.counted) == 3)
  }

  @Test func `an adjust is one more event of a count meter`() {
    var kitchen = Kitchen([calls])
    kitchen.take(adjust(id: "a", data: "{}"))
    #expect(kitchen.rows() == ["acme calls 0h 1 x1"])
  }

  @Test func `a negative value that is no adjust is a bad value, and minus zero is zero`() {
    var kitchen = Kitchen([tokens])
    kitchen.take(event(id: "a", data: "{\"n\":-0.01}"))
    kitchen.take(event(id: "b", data: "{\"n\":-0.00}"))
    #expect(kitchen.reasons == [.badValue])
    #expect(kitchen.rows() == ["acme tokens 0h 0 x1"])
  }

  @Test(arguments: [OracleAggregate.max, .min, .latest, .unique, .timeWeighted])
  func `what is no count and no sum cannot be voided or adjusted, nor what feeds it too`(_ aggregate: OracleAggregate) {
    var kitchen = Kitchen([calls, meter(aggregate)])
    kitchen.take(event(id: "a", data: "{\"n\":1}"))
    kitchen.take(void("a", id: "v", data: "{\"n\":1}"))
    kitchen.take(adjust(id: "b", data: "{\"n\":1}"))
    #expect(kitchen.reasons == [.voidUnsupported, .voidUnsupported])
    #expect(kitchen.results().usage.map(\.events) == [1, 1])
  }
}
