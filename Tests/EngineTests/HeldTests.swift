import MeterCore
import MeterModel
import MeterOracle
import MeterWire
import TestLogs
import Testing

/// What was quarantined is read again as it was read the first time.
@Suite struct HeldTests {
  @Test(arguments: DifferentialTests.sizes.seeds)
  func `an event that is replayed at once is refused for the same reason, with the same bytes`(_ seed: UInt64) throws {
    let log = try HostileLog(seed: seed, events: DifferentialTests.sizes.events, partitions: 1)
    let rules = MeterRules(meters: HostileCatalog.meters, seed: seed)
    let now = Instant(nanoseconds: Int64(log.settings.now.nanoseconds))
    var decoder = Decoder(eventBytesMax: HostileLog.eventBytesMax)
    var events = EventBatch()
    var tally = Tally(
      partition: PartitionNumber(1), epoch: Epoch(1), cursor: log.partitions[0].first?.offset ?? 0, highWaterMs: 0,
      rules: Tally.Rules(log.settings))
    var forms: [HeldEvent.Form: Int] = [:]
    var reasons: Set<Reason> = []
    for record in log.partitions[0] {
      var batch = RecordBatch()
      batch.append(record)
      batch.close()
      _ = decoder.decode(batch, from: 0, rules, into: &events)
      guard case .applied = tally.apply(batch, events, now: now) else {
        Issue.record("cold without a past")
        return
      }
      let cursor = tally.cursor
      let highWater = tally.highWaterMs
      for (id, event) in tally.seal().quarantined.enumerated() {
        forms[event.form, default: 0] += 1
        reasons.insert(event.reason)
        let held = HeldEvent(id: Int64(id + 1), place: event.place, form: event.form)
        let again = batchOf(event)
        decoder.decode(again, at: 0, as: held, rules, into: &events)
        guard case .applied(let applied) = tally.replay(held, again, events, now: now) else {
          Issue.record("cold without a past")
          return
        }
        var wanted = event
        wanted.source = held.id
        let flush = tally.seal()
        #expect(flush.quarantined == [wanted], "seed \(seed) at \(event.offset): \(applied.verdicts[.counted]) counted")
        #expect(flush.verdicts.events == 0 && flush.verdicts[.quarantined] == 0)
        #expect(flush.replays.count == 1 && flush.rollups.isEmpty && flush.identities.isEmpty)
      }
      #expect(tally.cursor == cursor && tally.highWaterMs == highWater)
    }
    #expect(forms.count == 4, "seed \(seed): only \(forms)")
    #expect(reasons.count > 8, "seed \(seed): only \(reasons)")
  }

  /// As the ledger makes it of a row.
  private func batchOf(_ event: QuarantinedEvent) -> RecordBatch {
    var batch = RecordBatch()
    unsafe event.payload.withUnsafeBytes {
      unsafe batch.append(
        offset: event.offset, timestampMs: event.timestampMs, value: event.form == .absent ? nil : $0)
    }
    for header in event.headers {
      unsafe header.name.withUnsafeBytes { name in
        if let value = header.value {
          unsafe value.withUnsafeBytes { unsafe batch.appendHeader(name: name, value: $0) }
        } else {
          unsafe batch.appendHeader(name: name, value: nil)
        }
      }
    }
    batch.close()
    return batch
  }

  @Test func `a part of a batch stays one event, whatever it looks like`() throws {
    let part = Array(#"[{"specversion":"1.0","id":"1","source":"/","type":"api.call","subject":"t","data":{}}]"#.utf8)
    let rules = MeterRules(meters: HostileCatalog.meters, seed: 1)
    var decoder = Decoder(eventBytesMax: 1_000)
    var events = EventBatch()
    let event = QuarantinedEvent(
      offset: 3, place: 2, reason: .notCloudEvent, detail: "", timestampMs: 5, payload: part, headers: [], form: .part)
    decoder.decode(batchOf(event), at: 0, as: HeldEvent(id: 1, place: 2, form: .part), rules, into: &events)
    #expect(events.events.count == 1)
    #expect(events.events[0].finding == .refused && events.events[0].place == 2 && events.events[0].isPart)
    // The same bytes as a record are a batch of one.
    decoder.decode(batchOf(event), at: 0, as: HeldEvent(id: 1, place: 0, form: .received), rules, into: &events)
    #expect(events.events.count == 1)
    #expect(events.events[0].finding == .measurable && events.events[0].place == 0 && events.events[0].isPart)
  }

  @Test func `an event in headers whose record had no value is not one with an empty value`() throws {
    let rules = MeterRules(meters: HostileCatalog.meters, seed: 1)
    var decoder = Decoder(eventBytesMax: 1_000)
    var events = EventBatch()
    let attributes = ["specversion": "1.0", "id": "1", "source": "/", "type": "api.call", "subject": "t"]
    var event = QuarantinedEvent(
      offset: 3, place: 0, reason: .tooOld, detail: "", timestampMs: 5, payload: [],
      headers: attributes.sorted { $0.key < $1.key }.map {
        .init(name: Array("ce_\($0.key)".utf8), value: Array($0.value.utf8))
      },
      form: .absent)
    decoder.decode(batchOf(event), at: 0, as: HeldEvent(id: 1, place: 0, form: .absent), rules, into: &events)
    #expect(events.events[0].finding == .measurable)
    event.form = .received
    decoder.decode(batchOf(event), at: 0, as: HeldEvent(id: 1, place: 0, form: .received), rules, into: &events)
    #expect(events.events[0].problem == .notJSON)
  }
}
