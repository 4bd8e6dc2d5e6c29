import TestStack

/// What the tables do say after a round, in the lines of the recount.
struct Tables {
  let usage: Set<Recount.Line>
  let accounting: Set<Recount.Line>
  let quarantine: Set<Recount.Line>
  let conflicts: Set<Recount.Line>
  /// What does not add up in the tables themselves.
  let flaws: [String]

  init(
    usage: Set<Recount.Line>, accounting: Set<Recount.Line>, quarantine: Set<Recount.Line>,
    conflicts: Set<Recount.Line>, flaws: [String]
  ) {
    self.usage = usage
    self.accounting = accounting
    self.quarantine = quarantine
    self.conflicts = conflicts
    self.flaws = flaws
  }

  init(_ database: Database) throws {
    usage = Set(try Self.lines(Self.usageText, database))
    accounting = Set(try Self.lines(Self.accountingText, database))
    quarantine = numbered(try Self.lines(Self.quarantineText, database))
    conflicts = numbered(try Self.lines(Self.conflictText, database))
    flaws = try database.query(Self.flawText, within: .seconds(600)).compactMap { $0[0] }
  }

  var rows: Int { usage.count + accounting.count + quarantine.count + conflicts.count }

  private static func lines(_ sql: String, _ database: Database) throws -> [Recount.Line] {
    try database.query(sql, within: .seconds(600)).map { Array(($0[0] ?? "null").utf8) }
  }

  private static let usageText = """
    select tenant || chr(31) || meter || chr(31) || coalesce((
        select string_agg(key || chr(29) || value, chr(30) order by key collate "C") from jsonb_each_text(dimensions)), '')
      || chr(31) || extract(epoch from window_start)::bigint || chr(31) || extract(epoch from window_end)::bigint
      || chr(31) || quantity || ' x ' || events || case when approximate then '~' else '' end
    from meterd.usage
    """

  private static let accountingText = """
    select partition || ': ' || events || ' = ' || counted || ' ' || late || ' ' || duplicate || ' ' || conflict || ' '
      || voided || ' ' || unmetered || ' ' || quarantined || ', next ' || next_offset
    from meterd.accounting join meterd.progress using (topic, partition) where events > 0
    """

  private static let quarantineText = """
    select partition || '/' || "offset" || ' ' || reason from meterd.quarantine
    """

  private static let conflictText = """
    select tenant || chr(31) || source || chr(31) || event_id || chr(31) || partition || '/' || "offset" || ' first '
      || first_offset
    from meterd.conflicts
    """

  /// The journal tiles each partition's log from its first offset to the cursor, its events are those of the verdicts, epochs never go
  /// back, no partition is halted, and totals of periods are the sums of their windows.
  private static let flawText = """
    with entry as (
      select partition, from_offset, to_offset, epoch, events,
        lag(to_offset, 1, 0::bigint) over way as expected, lag(epoch, 1, 0::bigint) over way as epoch_before
      from meterd.journal window way as (partition by partition order by from_offset)
    )
    select 'journal of partition ' || partition || ': ' || from_offset || ' follows ' || expected
      from entry where from_offset <> expected
    union all
    select 'journal of partition ' || partition || ': the epoch goes back at ' || from_offset
      from entry where epoch < epoch_before
    union all
    select 'partition ' || p.number || ': the journal ends at ' || coalesce(max(e.to_offset), 0) || ' but the cursor is '
        || p.next_offset
      from meterd.partition p left join entry e on e.partition = p.id
      group by p.id having coalesce(max(e.to_offset), 0) <> coalesce(p.next_offset, 0)
    union all
    select 'partition ' || a.partition || ': the journal has ' || sum(e.events) || ' events but the verdicts ' || a.events
      from meterd.accounting a
      join meterd.partition p on p.topic = a.topic and p.number = a.partition
      join entry e on e.partition = p.id
      group by a.partition, a.events having sum(e.events) <> a.events
    union all
    select 'partition ' || partition || ' is halted: ' || halted from meterd.progress where halted is not null
    union all
    select subject || ': ' || problem from meterd.total_differences()
    union all
    select 'there are no totals' where not exists (select from meterd.total)
    """
}
