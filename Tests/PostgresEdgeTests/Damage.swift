import Testing

/// Damage done by hand to books that are in order, and the lines that name it: those and no others.
struct Damage: Sendable, CustomTestStringConvertible {
  let sql: String
  let lines: [String]

  init(_ sql: String, _ lines: String...) {
    self.sql = sql
    self.lines = lines
  }

  var testDescription: String { sql }

  private static let calls = "'00000000-0000-0001-0000-000000000001'"
  private static let other = "'00000000-0000-0004-0000-000000000004'"
  private static let callsHour = "acme calls {\"region\": \"eu\"} 1970-01-01T01:00:00Z"
  private static let untold = "has a change that changes_since does not tell of"

  static let ofTheJournal: [Damage] = [
    Damage(
      "delete from meterd.journal where from_offset = 20", "t[0]: the journal has a gap from 20 to 30",
      "t[0]: the verdicts add up to 41 events, journal and replays to 31"),
    Damage(
      "update meterd.journal set from_offset = 19 where from_offset = 20", "t[0]: the journal overlaps from 19 to 20"),
    Damage(
      "update meterd.journal set to_offset = 30 where from_offset = 30",
      "t[0]: the journal has an interval from 30 to 30",
      "t[0]: the journal ends at 30, the cursor is 41"),
    Damage(
      "delete from meterd.journal where from_offset = 30", "t[0]: the journal ends at 30, the cursor is 41",
      "t[0]: the verdicts add up to 41 events, journal and replays to 30"),
    Damage("update meterd.partition set next_offset = 50", "t[0]: the journal ends at 41, the cursor is 50"),
    Damage(
      "insert into meterd.journal values (77, 0, 0, 1, 1, 1, 0)",
      "partition 77: the journal knows a partition that is not there"),
    Damage(
      "insert into meterd.journal values (1, 3, 0, 1, 1, 1, 0)",
      "t[0]: the journal knows era 3, the partition is in era 0"),
    Damage(
      "update meterd.journal set events = events + 1 where from_offset = 0",
      "t[0]: the verdicts add up to 41 events, journal and replays to 42"),
  ]

  static let ofVerdicts: [Damage] = [
    Damage(
      "update meterd.partition set unmetered = unmetered + 1",
      "t[0]: the verdicts add up to 42 events, journal and replays to 41"),
    Damage(
      "update meterd.partition set unmetered = -1, duplicate = duplicate + 1",
      "t[0]: the verdict 'unmetered' stands at -1"),
    Damage(
      "update meterd.partition set counted = counted + 1, duplicate = duplicate - 1",
      "t[0]: the rollups hold 36 events, counted and late less voided are 37"),
    Damage("delete from meterd.conflicting", "t[0]: 1 events have the verdict 'conflict', 0 are listed"),
    Damage(
      "update meterd.partition set quarantined = quarantined + 1, duplicate = duplicate - 1",
      "t[0]: 2 events have the verdict 'quarantined', 1 are held or discarded"),
    Damage(
      "delete from meterd.quarantined where state = 'discarded'",
      "t[0]: 1 events have the verdict 'quarantined', 0 are held or discarded"),
    Damage(
      "update meterd.quarantined set state = 'lost' where state = 'discarded'", "quarantine 2: it has the state 'lost'",
      "t[0]: 1 events have the verdict 'quarantined', 0 are held or discarded"),
    Damage("delete from meterd.replay", "quarantine 1: it is replayed, and no flush did it"),
    Damage(
      "update meterd.replay set events = 2", "t[0]: the verdicts add up to 41 events, journal and replays to 42"),
    Damage(
      "insert into meterd.replay_request (event, partition) values (1, 1)",
      "quarantine 1: a replay is asked for, and it is replayed"),
    Damage(
      "update meterd.quarantined set \"offset\" = 99 where id = 2",
      "quarantine 2: its offset 99 is not below the cursor 41 of t[0]"),
  ]

  static let ofRollups: [Damage] = [
    Damage(
      "delete from meterd.rollup where series = \(calls)",
      "t[0]: the rollups hold 16 events, counted and late less voided are 36"),
    Damage(
      "update meterd.rollup set events = events + 1, quantity = quantity + 1 where series = \(calls)",
      "t[0]: the rollups hold 37 events, counted and late less voided are 36"),
    Damage(
      "update meterd.rollup set quantity = quantity + 1 where series = \(calls)",
      "\(callsHour): t[0] counts 21 in 20 events"),
    Damage(
      "update meterd.rollup set events = -1, quantity = -1 where series = \(calls)", "\(callsHour): t[0] has -1 events",
      "t[0]: the rollups hold 15 events, counted and late less voided are 36"),
    Damage(
      "update meterd.rollup set merge = 1 where series = \(calls)",
      "\(callsHour): t[0] joins a meter of aggregate 'count' in way 1"),
    Damage(
      "update meterd.rollup set window_start = window_start + interval '1 minute' where series = \(calls)",
      "T01:01:00Z: t[0] has a window that does not begin where windows of 01:00:00 do",
      "t[0]: the newest window is said to be 1970-01-01 01:00:00+00, and is 1970-01-01 01:01:00+00"),
    Damage(
      "update meterd.partition set newest_window = newest_window + interval '1 hour'",
      "t[0]: the newest window is said to be 1970-01-01 02:00:00+00, and is 1970-01-01 01:00:00+00"),
    Damage(
      "insert into meterd.series select md5('m')::uuid, tenant, meter, dimensions from meterd.series where id = \(calls)",
      "acme calls {\"region\": \"eu\"}: 2 series have this name"),
    Damage(
      "delete from meterd.series where id = \(calls)",
      "series 00000000-0000-0001-0000-000000000001 1970-01-01T01:00:00Z: t[0] has a rollup of a series without a definition",
      "t[0]: the rollups hold 16 events, counted and late less voided are 36"),
    Damage(
      """
      insert into meterd.meter (name, event, aggregate, scale, dimensions) values ('more', 'api.call', 'count', 0, '{}');
      insert into meterd.series values (md5('m')::uuid, 'acme', 4, '{}');
      insert into meterd.rollup
        select md5('m')::uuid, window_start, partition, 0, 99, 99, 0, 0, 0, 0, changed from meterd.rollup where series = \(calls)
      """, "t[0]: meter more has 99 events, meter calls of the same type has 31", untold),
  ]

  static let ofValues: [Damage] = [
    Damage(
      "delete from meterd.distinct_value where value = \(calls)",
      "acme users {} 1970-01-01T01:00:00Z: t[0] says 2 values and keeps 1"),
    Damage(
      "update meterd.rollup set level_at = 1 where merge = 4",
      "acme users {} 1970-01-01T01:00:00Z: t[0] keeps a value that was thinned out"),
    Damage(
      "insert into meterd.distinct_value values (\(calls), '1970-01-01 05:00Z', 1, \(calls))",
      "series 00000000-0000-0001-0000-000000000001: 1 values in a window without a rollup"),
    Damage(
      "delete from meterd.level_sample where at = (select min(at) from meterd.level_sample)",
      "acme disk {} 1970-01-01T01:00:00Z: t[0] has 2 events and 1 samples"),
    Damage(
      "update meterd.level_sample set at = at + 7200000000000 where at = (select min(at) from meterd.level_sample)",
      "acme disk {} 1970-01-01T01:00:00Z: t[0] has 2 events and 1 samples",
      "series 00000000-0000-0002-0000-000000000002: 1 samples in a window without a rollup"),
  ]

  static let ofTheLogOfChanges: [Damage] = [
    Damage("delete from meterd.change where \(other) = any(series)", untold),
    Damage(
      """
      update meterd.change set position = (select min(position) + 1 from meterd.change)
      where position = (select min(position) from meterd.change where \(other) = any(series))
      """, "changes: the chunk at"),
  ]

  static let ofTheAudit: [Damage] = [
    Damage("update meterd.audit_entry set actor = 'somebody' where seq = 1", "audit 1: it was altered"),
    Damage(
      "delete from meterd.audit_entry where seq = 1",
      "audit 2: it follows entry 0; entries between them were taken out"),
    Damage("delete from meterd.audit_entry where seq = 2", "audit: its head is entry 2, the last entry is 1"),
    Damage(
      """
      update meterd.audit_entry set prev_hash = 'x', hash = meterd.audit_hash(seq, at, actor, action, subject, detail, 'x')
        where seq = 2;
      update meterd.audit_head set hash = (select hash from meterd.audit_entry where seq = 2)
      """, "audit 2: it does not follow the entry before it"),
    Damage("delete from meterd.audit_head", "audit: it has 0 heads"),
  ]

  static let ofIdentities: [Damage] = [
    Damage(
      "update meterd.identity_page set entries = substr(entries, 1, 20)",
      "t[0]: a page of identities of generation 2000 is not whole"),
    Damage(
      "insert into meterd.identity_page select * from meterd.identity_page where octet_length(entries) = 16",
      "t[0]: 1 identities are remembered twice: their events were counted twice"),
    Damage(
      "update meterd.identity_page set base_offset = base_offset + 100 where octet_length(entries) = 16",
      "t[0]: an identity of offset 105 is remembered, the cursor is 41"),
    Damage(
      "update meterd.identity_page set entries = substr(entries, 17) where octet_length(entries) > 16",
      "t[0]: 1 voids are remembered of events that are not"),
    Damage(
      "update meterd.partition set counted = 0, voided = 0, unmetered = 38; delete from meterd.rollup where merge in (0, 4, 5); delete from meterd.distinct_value; delete from meterd.level_sample; update meterd.partition set newest_window = null",
      "t[0]: 18 identities are remembered, only 0 events left one",
      "t[0]: 1 voids are remembered, only 0 events were voids"),
    Damage(
      "update meterd.identity_page set generation_end = 9000000000000",
      "t[0]: identities of a generation that ends at 9000000000000 ms are kept, the high water is 1000 ms"),
  ]

  static let all =
    ofTheJournal + ofVerdicts + ofRollups + ofValues + ofTheLogOfChanges + ofTheAudit + ofIdentities
}
