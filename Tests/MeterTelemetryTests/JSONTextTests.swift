import Testing

@testable import MeterTelemetry

@Suite struct JSONTextTests {
  @Test func `values stand in the order in which they were told`() {
    var json = JSONText()
    json.object { json in
      json.member("z", "1")
      json.name("list")
      json.array { json in
        json.int(.min)
        json.bool(false)
        json.null()
        json.object { _ in }
        json.array { $0.double(0.1) }
      }
      json.member("a", true)
      json.member("n", 5)
    }
    #expect(
      String(decoding: json.bytes, as: UTF8.self)
        == #"{"z":"1","list":[-9223372036854775808,false,null,{},[0.1]],"a":true,"n":5}"#)
  }
}
