import Foundation
import MeterOracle
import Testing

/// The golden vectors of `Tests/Golden` that need no periods and no prices.
@Suite struct GoldenTests {
  struct Missing: Error {
    let what: String
  }

  struct Vector {
    let name: String
    let given: [String: Any]
    let expect: [String: Any]
  }

  private func vectors(_ file: String) throws -> [Vector] {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let content = try Data(contentsOf: tests.appendingPathComponent("Golden/\(file).json"))
    guard let list = try JSONSerialization.jsonObject(with: content) as? [[String: Any]] else {
      throw Missing(what: "\(file).json is not an array of objects")
    }
    return try list.map { entry in
      guard let name = entry["name"] as? String, let given = entry["given"] as? [String: Any],
        let expect = entry["expect"] as? [String: Any]
      else { throw Missing(what: "a vector of \(file).json has no name, given or expect") }
      return Vector(name: name, given: given, expect: expect)
    }
  }

  @Test func `every golden decimal is summed exactly or refused for a right reason`() throws {
    let vectors = try vectors("decimals")
    #expect(vectors.count > 50)
    for vector in vectors {
      guard let json = vector.given["json"] as? String, let scale = vector.given["scale"] as? Int else {
        throw Missing(what: "\(vector.name): json or scale")
      }
      var kitchen = Kitchen([meter(.sum, scale: scale)])
      let isAdjust = vector.given["adjust"] as? Bool ?? false
      kitchen.take(isAdjust ? adjust(id: "e", data: "{\"n\":\(json)}") : event(data: "{\"n\":\(json)}"))
      let results = kitchen.results()
      if let reasons = vector.expect["reject"] as? [String] {
        #expect(results.usage.isEmpty, "\(vector.name)")
        #expect(results.quarantine.map { reasons.contains($0.reason.rawValue) } == [true], "\(vector.name)")
      } else {
        let value = try #require(vector.expect["value"] as? String)
        #expect(results.usage.map(\.quantity) == [value], "\(vector.name)")
      }
    }
  }

  /// From outside an instant shows in an integral: a level of 3600000000000 makes 1 in each nanosecond, so up to the
  /// expected instant there must be nothing, and 1 up to the nanosecond after it.
  @Test func `every golden time is the expected instant or refused for a right reason`() throws {
    let vectors = try vectors("times")
    #expect(vectors.count > 40)
    let level = OracleMeter(name: "m", event: "t", aggregate: .timeWeighted, value: "n", scale: 0)
    for vector in vectors {
      guard let text = vector.given["text"] as? String else { throw Missing(what: "\(vector.name): text") }
      var settings = OracleSettings(now: OracleInstant(seconds: 300_000_000_000))
      // One window for all of time: the way from 1900 to 9999 would be millions of hours.
      settings.rollupWindow = .seconds(1_000_000_000_000)
      settings.maxPast = .seconds(300_000_000_000)
      settings.maxFuture = .seconds(300_000_000_000)
      var oracle = Oracle(settings: settings, meters: [level]) { _, _ in nil }
      oracle.take(
        OracleRecord(
          topic: "usage.events", partition: 0, offset: 0, timestampMs: quarterPastTen,
          value: bytes(event(time: text, data: "{\"n\":3600000000000}"))))

      let isEmpty = oracle.results(upTo: OracleInstant(seconds: 0)).usage.isEmpty
      if let reasons = vector.expect["reject"] as? [String] {
        let reason = oracle.results(upTo: OracleInstant(seconds: 0)).quarantine.first?.reason.rawValue
        #expect(reasons.contains(reason ?? "counted"), "\(vector.name)")
      } else if isEmpty {
        #expect(vector.expect["may_reject"] as? Bool == true, "\(vector.name)")
      } else {
        let expected = try #require((vector.expect["ns"] as? String).flatMap { Int128($0) })
        let before = oracle.results(upTo: OracleInstant(nanoseconds: expected)).usage
        let after = oracle.results(upTo: OracleInstant(nanoseconds: expected + 1)).usage
        #expect(before.map(\.quantity) == ["0"], "\(vector.name)")
        #expect(after.map(\.quantity).contains("1"), "\(vector.name)")
      }
    }
  }
}
