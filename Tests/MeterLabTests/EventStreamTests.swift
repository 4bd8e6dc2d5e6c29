import Foundation
import Testing

@testable import MeterLab

@Suite struct EventStreamTests {
  private func records(
    _ count: Int, _ change: (inout EventStreamOptions) -> Void = { _ in }
  ) throws -> [GeneratedRecord] {
    var options = EventStreamOptions()
    change(&options)
    var stream = try EventStream(options)
    return (0..<count).map { _ in
      var record = GeneratedRecord()
      stream.next(into: &record)
      return record
    }
  }

  private func allConditions(_ options: inout EventStreamOptions) {
    options.duplicateShare = 0.05
    options.lateShare = 0.03
    options.malformedShare = 0.1
  }

  /// FNV-1a over keys, values and timestamps.
  private func hash(_ records: [GeneratedRecord]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func take(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    for record in records {
      record.key.forEach(take)
      record.value.forEach(take)
      for shift in stride(from: Int64(0), to: 64, by: 8) {
        take(UInt8(truncatingIfNeeded: record.timestampMs >> shift))
      }
    }
    return hash
  }

  private func object(_ record: GeneratedRecord) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(record.value)) as? [String: Any])
  }

  @Test func `a seed gives the same bytes on every machine and day`() throws {
    let made = try records(5_000, allConditions)
    #expect(hash(made) == 8_043_106_018_647_729_834)
    #expect(made == (try records(5_000, allConditions)))
  }

  @Test func `another seed gives other events and other ids`() throws {
    let one = try Set(records(2_000).map(\.value))
    let two = try Set(records(2_000) { $0.seed = 2 }.map(\.value))
    #expect(one.count == 2_000)
    #expect(one.isDisjoint(with: two))
  }

  @Test func `a record filled again equals a fresh one`() throws {
    var options = EventStreamOptions()
    allConditions(&options)
    var stream = try EventStream(options)
    var record = GeneratedRecord()
    for fresh in try records(3_000, allConditions) {
      stream.next(into: &record)
      #expect(record == fresh)
    }
  }

  @Test func `shares of duplicates, late and malformed events are met`() throws {
    let made = try records(100_000, allConditions)
    let duplicates = made.count { $0.condition == .duplicate }
    let late = made.count { $0.condition == .late }
    let malformed = made.count { if case .malformed = $0.condition { true } else { false } }
    // Four standard deviations of 100,000 draws are at most 380.
    #expect(abs(duplicates - 5_000) < 380)
    #expect(abs(late - 3_000) < 380)
    #expect(abs(malformed - 10_000) < 380)
  }

  @Test(arguments: [0.0, 1.0]) func `a share of none or all is taken at its word`(_ share: Double) throws {
    let made = try records(500) { $0.duplicateShare = share }
    #expect(made.dropFirst().allSatisfy { ($0.condition == .duplicate) == (share == 1) })
    #expect(made.first?.condition == .punctual)
    #expect(Set(made.map(\.value)).count == (share == 1 ? 1 : 500))
  }

  @Test func `a duplicate repeats key and bytes of an earlier well-formed event within reach`() throws {
    var last: [[UInt8]: (index: Int, record: GeneratedRecord)] = [:]
    var duplicates = 0
    for (index, record) in try records(20_000, allConditions).enumerated() {
      if record.condition == .duplicate {
        let original = try #require(last[record.value])
        #expect(original.record.key == record.key)
        #expect(original.record.kind == record.kind)
        #expect(original.record.condition == .punctual || original.record.condition == .late)
        #expect(index - original.index <= 10_000)
        duplicates += 1
      } else if case .malformed = record.condition {
        continue
      } else {
        #expect(last[record.value] == nil)
        last[record.value] = (index, record)
      }
    }
    #expect(duplicates > 800)
  }

  @Test func `a duplicate repeats its original also at instants of the caller's`() throws {
    var options = EventStreamOptions()
    options.duplicateShare = 0.5
    var stream = try EventStream(options)
    var seen: Set<[UInt8]> = []
    var record = GeneratedRecord()
    for index in 0..<5_000 {
      let instant = options.startNs + Int64(index) * 1_234_567 + Int64(index % 7) * 99_999_999
      stream.next(into: &record, at: instant)
      #expect(record.timestampMs == instant / 1_000_000)
      #expect(seen.contains(record.value) == (record.condition == .duplicate))
      seen.insert(record.value)
    }
  }

  @Test func `every well-formed event is a CloudEvent with the members of its kind`() throws {
    var ids: Set<String> = []
    var kinds: Set<EventKind> = []
    for record in try records(5_000) {
      let event = try object(record)
      let data = try #require(event["data"] as? [String: Any])
      #expect(event["specversion"] as? String == "1.0")
      #expect(event["subject"] as? String == String(decoding: record.key, as: UTF8.self))
      #expect(event["type"] as? String == record.kind.type)
      #expect(event["source"] as? String == record.kind.source)
      ids.insert(try #require(event["id"] as? String))
      kinds.insert(record.kind)
      let members: Set<String> =
        switch record.kind {
        case .apiCall: ["endpoint", "region", "method", "status", "latency_ms"]
        case .llmTokens: ["model", "tokens", "direction"]
        case .chainDeployment: ["chain", "region"]
        case .storageSample: ["gigabytes", "volume"]
        }
      #expect(Set(data.keys) == members)
    }
    #expect(ids.count == 5_000)
    #expect(kinds.count == EventKind.allCases.count)
  }

  @Test func `punctual events are within seconds of their record, late ones hours to 35 days before`() throws {
    let format = ISO8601DateFormatter()
    var latest = 0.0
    for record in try records(20_000, { $0.lateShare = 0.5 }) {
      let text = try #require(try object(record)["time"] as? String)
      // The formatter knows no fractions; what is cut off is below a second.
      let whole = text.replacing(/\.[0-9]+/, with: "")
      let date = try #require(format.date(from: whole))
      let behind = Double(record.timestampMs) / 1000 - date.timeIntervalSince1970
      if record.condition == .late {
        #expect((3_600...35 * 86_400).contains(behind))
        latest = max(latest, behind)
      } else {
        #expect((-0.3...3.1).contains(behind))
      }
    }
    #expect(latest > 30 * 86_400)
  }

  @Test func `every flaw appears and none but flaws of the value leaves a plain CloudEvent`() throws {
    var found: Set<Flaw> = []
    for record in try records(5_000, { $0.malformedShare = 1 }) {
      guard case .malformed(let flaw) = record.condition else { continue }
      found.insert(flaw)
      #expect(record.key.starts(with: "tenant-".utf8))
      #expect(!record.value.isEmpty)
      #expect(!record.value.contains(10))
      let isJSON = (try? JSONSerialization.jsonObject(with: Data(record.value))) is [String: Any]
      switch flaw {
      case .cutShort, .trailingText, .notAnObject, .invalidUTF8, .rawControlCharacter: #expect(!isJSON, "\(flaw)")
      // Foundation skips the mark, lets the last of two members win, and has its own view of huge numbers.
      case .byteOrderMark, .repeatedSubject, .hugeExponent: break
      default: #expect(isJSON, "\(flaw)")
      }
      if flaw.isOfValue { #expect(record.kind == .llmTokens || record.kind == .storageSample) }
    }
    #expect(found == Set(Flaw.allCases))
  }

  @Test func `the head of the tenants is heavier than the tail`() throws {
    var events = [Int](repeating: 0, count: 1_001)
    for record in try records(100_000) {
      events[try #require(Int(String(decoding: record.key.dropFirst(7), as: UTF8.self)))] += 1
    }
    #expect(events[0] == 0)
    // With an exponent of 1 over 1,000 tenants the first has 1 / 7.485 of all.
    #expect((12_800...13_900).contains(events[1]))
    #expect(Double(events[1]) / Double(events[2]) > 1.8)
    #expect(events[1...10].reduce(0, +) > events[501...1_000].reduce(0, +) * 3)
    #expect(events[1...].count { $0 > 0 } > 990)
  }

  @Test func `an exponent of zero makes all tenants alike`() throws {
    var events = [[UInt8]: Int]()
    for record in try records(
      50_000,
      {
        $0.tenants = 10
        $0.tenantExponent = 0
      })
    { events[record.key, default: 0] += 1 }
    #expect(events.count == 10)
    #expect(events.values.allSatisfy { (4_700...5_300).contains($0) })
  }

  @Test func `an event has about 250 bytes`() throws {
    let made = try records(20_000)
    let average = made.reduce(0) { $0 + $1.value.count } / made.count
    #expect((240...260).contains(average))
    #expect(made.allSatisfy { (150...400).contains($0.value.count) })
  }

  @Test(arguments: [400, 1_024, 65_536]) func `padding makes an event as long as asked`(_ size: Int) throws {
    for record in try records(200, { $0.paddedBytes = size }) {
      #expect(record.value.count == size)
      _ = try object(record)
    }
  }

  @Test func `the stream's clock moves by its rate`() throws {
    let made = try records(1_001) { $0.eventsPerSecond = 250 }
    #expect(made[1_000].timestampMs - made[0].timestampMs == 4_000)
  }

  @Test func `options out of bounds are refused by name`() {
    #expect(throws: LabError.option(name: "tenants", value: "0", bound: "1 to 16777216")) {
      try records(1) { $0.tenants = 0 }
    }
    #expect(throws: LabError.self) { try records(1) { $0.lateShare = .nan } }
    #expect(throws: LabError.self) {
      try records(1) {
        $0.lateShare = 0.6
        $0.duplicateShare = 0.6
      }
    }
    #expect(throws: LabError.self) { try records(1) { $0.startNs = 0 } }
  }

  /// A debug build is some fifty times slower than a release; this only keeps the measurement alive.
  @Test func `making events is a matter of microseconds`() throws {
    var stream = try EventStream(EventStreamOptions())
    var record = GeneratedRecord()
    let started = MachineClock.monotonicNs()
    for _ in 0..<20_000 { stream.next(into: &record) }
    #expect((MachineClock.monotonicNs() - started) / 20_000 < 500_000)
  }
}
