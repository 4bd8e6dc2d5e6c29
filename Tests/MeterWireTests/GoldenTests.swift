import Foundation
import MeterModel
import Testing

@testable import MeterWire

/// The golden vectors, read through the real decoder and through the parsers alone.
@Suite struct GoldenTests {
  private struct Vector {
    var name: String
    var given: [String: Any]
    var expect: [String: Any]
  }

  private struct Missing: Error { var what: String }

  private func vectors(_ file: String) throws -> [Vector] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Foundation.Data(contentsOf: folder.appendingPathComponent("Golden/\(file).json"))
    guard let list = try JSONSerialization.jsonObject(with: data) as? [[String: Any]] else {
      throw Missing(what: "\(file).json is not a list")
    }
    return try list.map {
      guard let name = $0["name"] as? String, let given = $0["given"] as? [String: Any],
        let expect = $0["expect"] as? [String: Any]
      else { throw Missing(what: "a vector of \(file).json has no name, given or expect") }
      return Vector(name: name, given: given, expect: expect)
    }
  }

  @Test func `every golden decimal is taken exactly or refused for a right reason`() throws {
    let vectors = try vectors("decimals")
    #expect(vectors.count > 50)
    for vector in vectors where vector.given["adjust"] as? Bool != true {
      let json = try #require(vector.given["json"] as? String)
      let scale = try #require(vector.given["scale"] as? Int)
      for path in ["n", "deep.er.n"] {
        let data = path == "n" ? "{\"n\":\(json)}" : "{\"deep\":{\"er\":{\"n\":\(json)}}}"
        let decoded = decode([Array(event(data: data).utf8)], [meter(.sum, value: path, scale: scale)])
        if let reasons = vector.expect["reject"] as? [String] {
          #expect(reasons.contains(decoded.outcome()), "\(vector.name): \(decoded.outcome())")
        } else {
          let units = try #require((vector.expect["units"] as? String).flatMap { Int128($0) })
          #expect(decoded.outcome() == "measurable", "\(vector.name)")
          #expect(decoded.events.measures.map(\.units) == [units], "\(vector.name)")
          let value = try #require(vector.expect["value"] as? String)
          #expect(Quantity(units: units, scale: scale).description == value, "\(vector.name)")
        }
      }
    }
  }

  @Test func `every golden decimal reads the same from its text alone`() throws {
    for vector in try vectors("decimals") {
      let json = try #require(vector.given["json"] as? String)
      let scale = try #require(vector.given["scale"] as? Int)
      let isString = json.hasPrefix("\"")
      let text = isString ? Array(json.utf8.dropFirst().dropLast()) : Array(json.utf8)
      let outcome = DecimalText.parse(text.span, from: 0, to: text.count, scale: scale)
      if let units = vector.expect["units"] as? String {
        #expect(outcome == .units(try #require(Int128(units))), "\(vector.name)")
      } else if case .units(let units) = outcome {
        // Only the sign is left for the event to judge.
        #expect(units < 0 && vector.given["adjust"] as? Bool != true, "\(vector.name)")
      }
    }
  }

  @Test func `every golden time is the expected instant or refused for a right reason`() throws {
    let vectors = try vectors("times")
    #expect(vectors.count > 40)
    for vector in vectors {
      let text = try #require(vector.given["text"] as? String)
      let quoted = String(decoding: try JSONSerialization.data(withJSONObject: [text]), as: UTF8.self).dropFirst()
        .dropLast()
      let decoded = decode(event(time: String(quoted)))
      let bytes = Array(text.utf8)
      let parsed = TimeText.parse(bytes.span, from: 0, to: bytes.count)
      if let reasons = vector.expect["reject"] as? [String] {
        #expect(reasons.contains(decoded.outcome()), "\(vector.name): \(decoded.outcome())")
        #expect(parsed == nil, "\(vector.name)")
      } else if vector.expect["may_reject"] as? Bool != true || decoded.outcome() == "measurable" {
        let expected = try #require((vector.expect["ns"] as? String).flatMap { Int128($0) })
        #expect(decoded.events.events[0].time == Instant(nanoseconds: Int64(clamping: expected)), "\(vector.name)")
        #expect(parsed == decoded.events.events[0].time, "\(vector.name)")
      }
    }
  }
}
