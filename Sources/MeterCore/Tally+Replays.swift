import MeterModel

/// Held events are judged as events are that come now: against the identities, sums and rules of this moment, at their own offset and
/// time. Where the partition stands does not change: neither the cursor nor the high water moves.
extension Tally {
  /// Counts what one held event was decoded to, and takes it off the quarantined. The batch has its record, `events` are of that
  /// record alone.
  public mutating func replay(
    _ event: HeldEvent, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch, now: Instant
  ) -> Outcome {
    precondition(events.records.count == 1, "held events are looked at one by one")
    let outlook = place(batch, events, now.saturatingAdding(rules.futureMax))
    let cold = missing(events, oldest: outlook.oldest)
    if !cold.isEmpty { return .cold(cold) }
    let strange = survey(batch, events)
    if !strange.isEmpty { return .strange(strange) }
    held = event
    var given = VerdictCounts()
    for index in events.events.indices { given[judge(index, batch, events)] &+= 1 }
    held = nil
    verdicts += given
    verdicts[.quarantined] -= 1
    replays.append(Replay(id: event.id, verdicts: given))
    return .applied(Applied(verdicts: given, cursor: cursor, size: size))
  }

  /// What the payload of an event is that goes to quarantine. One that was held before stands in its record as it was kept.
  func form(of event: EventBatch.Event, _ record: RecordBatch.Record) -> HeldEvent.Form {
    if event.isPart { return .part }
    if record.valueLength < 0 { return .absent }
    return event.payload.place == .inflated ? .inflated : held?.form ?? .received
  }
}
