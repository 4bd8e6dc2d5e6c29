import Foundation
import TestStack

/// Hostile records at their places in a topic: what is produced, and what the tables must say afterwards.
struct HostileLog {
  struct Place: Hashable {
    let partition: Int
    let offset: Int
  }

  /// A fact that a table tells, as text that compares byte by byte.
  typealias Fact = [UInt8]

  static let partitions = 3

  let records: [(place: Place, record: HostileRecord)]
  private let places: [String: Place]

  /// Each list goes to one partition, in its order.
  init(_ lists: [[HostileRecord]]) {
    var next = [Int](repeating: 0, count: Self.partitions)
    var records: [(Place, HostileRecord)] = []
    var places: [String: Place] = [:]
    for (number, list) in lists.enumerated() {
      let partition = number % Self.partitions
      for record in list {
        let place = Place(partition: partition, offset: next[partition])
        next[partition] += 1
        records.append((place, record))
        precondition(places.updateValue(place, forKey: record.name) == nil, "'\(record.name)' is there twice")
      }
    }
    self.records = records
    self.places = places
  }

  var events: Int { records.reduce(0) { $0 + $1.record.verdicts.count } }

  /// The log as a record file.
  var file: String {
    records.map { place, record in
      let headers = record.headers.map { "[\(HostileRecord.quoted($0.name)),\(Self.base64($0.value))]" }
      let value = record.value == nil ? "\"value\":null" : "\"value_base64\":\(Self.base64(record.value))"
      let key = record.key == nil ? "\"key\":null" : "\"key_base64\":\(Self.base64(record.key))"
      return "{\"partition\":\(place.partition),\"offset\":\(place.offset),\"timestamp\":\(record.timestampMs),\(key),"
        + "\"headers\":[\(headers.joined(separator: ","))],\(value)}\n"
    }.joined()
  }

  private static func base64(_ bytes: [UInt8]?) -> String {
    bytes.map { "\"\(Data($0).base64EncodedString())\"" } ?? "null"
  }

  // What must be in the tables, by the record that it comes from

  func usage() -> [Fact: String] {
    var facts: [Fact: String] = [:]
    for (_, record) in records {
      for row in record.rows {
        // Paths are ASCII, so that any order of them will do.
        let dimensions = row.dimensions.sorted { $0.key < $1.key }.map { "\(Self.hex($0.key))=\(Self.hex($0.value))" }
        let fact =
          "usage \(Self.hex(row.tenant)) \(row.meter) {\(dimensions.joined(separator: ","))} \(row.start) = "
          + "\(row.quantity) x \(row.events)"
        facts[Array(fact.utf8)] = record.name
      }
    }
    return facts
  }

  /// A batch may have several alike; they are numbered.
  func quarantine() -> [Fact: String] {
    var facts: [Fact: String] = [:]
    for (place, record) in records {
      var seen: [String: Int] = [:]
      for case .quarantined(let reason, let payload) in record.verdicts {
        let headers = record.headers.map { "\(Self.hex($0.name)):\($0.value.map(Self.hex) ?? "null")" }
        let fact =
          "quarantine \(place.partition)/\(place.offset) \(reason.rawValue) \(Self.hex(payload ?? record.value ?? [])) "
          + "[\(headers.joined(separator: ","))] held"
        seen[fact, default: 0] += 1
        facts[Array("\(fact) #\(seen[fact]!)".utf8)] = record.name
      }
    }
    return facts
  }

  func conflicts() -> [Fact: String] {
    var facts: [Fact: String] = [:]
    for (place, record) in records {
      for case .conflict(let first, let tenant, let source, let id) in record.verdicts {
        let fact =
          "conflict \(Self.hex(tenant)) \(Self.hex(source)) \(Self.hex(id)) \(place.partition)/\(place.offset) first "
          + "\(places[first]?.offset ?? -1)"
        facts[Array(fact.utf8)] = record.name
      }
    }
    return facts
  }

  func accounting() -> [Fact: String] {
    var facts: [Fact: String] = [:]
    for partition in 0..<Self.partitions {
      let here = records.filter { $0.place.partition == partition }
      let verdicts = here.flatMap(\.record.verdicts)
      func count(_ isOne: (HostileRecord.Verdict) -> Bool) -> Int { verdicts.count { isOne($0) } }
      let counted = count { if case .counted = $0 { true } else { false } }
      let duplicate = count { if case .duplicate = $0 { true } else { false } }
      let conflict = count { if case .conflict = $0 { true } else { false } }
      let voided = count { if case .voided = $0 { true } else { false } }
      let unmetered = count { if case .unmetered = $0 { true } else { false } }
      let quarantined = count { if case .quarantined = $0 { true } else { false } }
      let fact =
        "accounting \(partition): \(verdicts.count) = \(counted) + 0 + \(duplicate) + \(conflict) + \(voided) + \(unmetered) "
        + "+ \(quarantined), next \(here.count)"
      facts[Array(fact.utf8)] = "partition \(partition)"
    }
    return facts
  }

  // What is in the tables

  static func usage(in database: Database) throws -> [Fact] {
    try database.query(
      """
      select encode(convert_to(tenant, 'UTF8'), 'hex'), meter, (
          select coalesce(string_agg(encode(convert_to(key, 'UTF8'), 'hex') || '=' || encode(convert_to(value, 'UTF8'), 'hex'), ','
            order by key collate "C"), '') from jsonb_each_text(dimensions)),
        extract(epoch from window_start)::bigint, quantity, events from meterd.usage
      """
    ).map { row in
      let row = row.map { $0 ?? "null" }
      return Array("usage \(row[0]) \(row[1]) {\(row[2])} \(row[3]) = \(row[4]) x \(row[5])".utf8)
    }
  }

  static func quarantine(in database: Database) throws -> [Fact] {
    var seen: [String: Int] = [:]
    return try database.query(
      """
      select partition, "offset", reason, coalesce(encode(payload, 'hex'), ''), (
          select coalesce(string_agg(encode(convert_to(h->>0, 'UTF8'), 'hex') || ':'
              || coalesce(encode(decode(h->>1, 'base64'), 'hex'), 'null'), ',' order by place), '')
          from jsonb_array_elements(headers) with ordinality as e (h, place)), state
      from meterd.quarantine order by id
      """
    ).map { row in
      let row = row.map { $0 ?? "null" }
      let fact = "quarantine \(row[0])/\(row[1]) \(row[2]) \(row[3]) [\(row[4])] \(row[5])"
      seen[fact, default: 0] += 1
      return Array("\(fact) #\(seen[fact]!)".utf8)
    }
  }

  static func conflicts(in database: Database) throws -> [Fact] {
    try database.query(
      """
      select encode(convert_to(tenant, 'UTF8'), 'hex'), encode(convert_to(source, 'UTF8'), 'hex'),
        encode(convert_to(event_id, 'UTF8'), 'hex'), partition, "offset", first_offset from meterd.conflicts
      """
    ).map { row in
      let row = row.map { $0 ?? "null" }
      return Array("conflict \(row[0]) \(row[1]) \(row[2]) \(row[3])/\(row[4]) first \(row[5])".utf8)
    }
  }

  static func accounting(in database: Database) throws -> [Fact] {
    try database.query(
      """
      select partition, events, counted, late, duplicate, conflict, voided, unmetered, quarantined, next_offset
      from meterd.accounting join meterd.progress using (topic, partition)
      """
    ).map { row in
      let row = row.map { $0 ?? "null" }
      return Array(
        "accounting \(row[0]): \(row[1]) = \(row[2...8].joined(separator: " + ")), next \(row[9])".utf8)
    }
  }

  /// The record that a surplus fact is about, as far as its text tells: by its place, or by its tenant.
  func record(of fact: Fact) -> String? {
    let words = String(decoding: fact, as: UTF8.self).split(separator: " ").map(String.init)
    if let placed = records.first(where: { words.contains("\($0.place.partition)/\($0.place.offset)") }) {
      return placed.record.name
    }
    return records.first {
      $0.record.rows.contains { words.contains(Self.hex($0.tenant)) } || words.contains(Self.hex($0.record.name))
    }?
    .record.name
  }

  private static func hex(_ text: String) -> String { hex(Array(text.utf8)) }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
