-- Everything that must add up, added up again: a row for each difference. One snapshot is taken for all, so that a daemon may go on
-- counting meanwhile. What packed identities hold is for the program to see.
create function meterd.differences() returns table (subject text, problem text) language sql stable as $$
  with log as materialized (
    select p.*, p.topic || '[' || p.number || ']' as name,
      p.counted + p.late + p.duplicate + p.conflict + p.voided + p.unmetered + p.quarantined as events
    from meterd.partition p
  ), place as materialized (
    -- A row of the rollup as a person finds it.
    select r.*, s.meter, m.aggregate, m.event, (s.id is not null) as is_defined,
      coalesce(l.name, 'partition ' || r.partition) as log,
      coalesce(s.tenant || ' ' || m.name || ' ' || s.dimensions, 'series ' || r.series) || ' '
        || to_char(r.window_start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as name
    from meterd.rollup r
    left join meterd.series s on s.id = r.series
    left join meterd.meter m on m.id = s.meter
    left join log l on l.id = r.partition
  ), grid as materialized (
    select i.window_length, (extract(epoch from i.window_length) * 1000000000)::bigint as length from meterd.installation i
  )

  -- The journal tiles each era of a partition, and ends at the cursor.
  select l.name, case
      when j.from_offset > j.before then format('the journal has a gap from %s to %s', j.before, j.from_offset)
      else format('the journal overlaps from %s to %s', j.from_offset, j.before) end
    from (
      select j.*, lag(j.to_offset) over (partition by j.partition, j.era order by j.from_offset) as before from meterd.journal j
    ) as j
    join log l on l.id = j.partition
    where j.before <> j.from_offset
  union all
  select l.name, format('the journal has an interval from %s to %s', j.from_offset, j.to_offset)
    from meterd.journal j join log l on l.id = j.partition where j.to_offset <= j.from_offset
  union all
  select l.name, format('the journal ends at %s, the cursor is %s', j.until, coalesce(l.next_offset::text, 'not set'))
    from (select j.partition, j.era, max(j.to_offset) as until from meterd.journal j group by j.partition, j.era) as j
    join log l on l.id = j.partition and l.era = j.era
    where j.until is distinct from l.next_offset
  union all
  select 'partition ' || j.partition, 'the journal knows a partition that is not there'
    from meterd.journal j where not exists (select from log l where l.id = j.partition) group by j.partition
  union all
  select l.name, format('the journal knows era %s, the partition is in era %s', max(j.era), l.era)
    from meterd.journal j join log l on l.id = j.partition where j.era > l.era group by l.name, l.era

  -- Verdicts add up to the events read, and to what is kept of them.
  union all
  select l.name, format('the verdicts add up to %s events, journal and replays to %s', l.events, j.events)
    from log l
    cross join lateral (
      select (select coalesce(sum(j.events), 0) from meterd.journal j where j.partition = l.id)
        + (select coalesce(sum(r.events - 1), 0) from meterd.replay r where r.partition = l.id) as events
    ) as j
    where j.events <> l.events
  union all
  select l.name, format('the verdict ''%s'' stands at %s', v.verdict, v.count)
    from log l
    cross join lateral (values
      ('counted', l.counted), ('late', l.late), ('duplicate', l.duplicate), ('conflict', l.conflict), ('voided', l.voided),
      ('unmetered', l.unmetered), ('quarantined', l.quarantined)) as v (verdict, count)
    where v.count < 0
  union all
  select l.name, format('%s events have the verdict ''quarantined'', %s are held or discarded', l.quarantined, q.count)
    from log l
    cross join lateral (
      select count(*) from meterd.quarantined q where q.partition = l.id and q.state in ('held', 'discarded')
    ) as q
    where q.count <> l.quarantined
  union all
  select l.name, format('%s events have the verdict ''conflict'', %s are listed', l.conflict, c.count)
    from log l
    cross join lateral (select count(*) from meterd.conflicting c where c.partition = l.id) as c
    where c.count <> l.conflict

  -- Quarantine: what states say of each other.
  union all
  select 'quarantine ' || q.id, format('it has the state ''%s''', q.state)
    from meterd.quarantined q where q.state not in ('held', 'replayed', 'discarded')
  union all
  select 'quarantine ' || q.id, 'it is replayed, and no flush did it'
    from meterd.quarantined q
    where q.state = 'replayed' and not exists (select from meterd.replay r where r.event = q.id)
  union all
  select 'quarantine ' || r.event, format('a replay is asked for, and it is %s', q.state)
    from meterd.replay_request r join meterd.quarantined q on q.id = r.event where q.state <> 'held'
  union all
  select 'quarantine ' || q.id, format('its offset %s is not below the cursor %s of %s', q."offset", l.next_offset, l.name)
    from meterd.quarantined q join log l on l.id = q.partition and l.era = q.era
    where q."offset" >= coalesce(l.next_offset, 0)

  -- Every event that was counted and not taken back stands once with the oldest meter of its type, and with no other more often.
  union all
  select l.name, format('the rollups hold %s events, counted and late less voided are %s', r.events, l.counted + l.late - l.voided)
    from log l
    cross join lateral (
      select coalesce(sum(p.events), 0) as events from place p
      where p.partition = l.id
        and p.meter in (select distinct on (m.event) m.id from meterd.meter m order by m.event, m.id)
    ) as r
    where r.events <> l.counted + l.late - l.voided
  union all
  select t.log, format('meter %s has %s events, meter %s of the same type has %s', m.name, t.events, first.name, first.events)
    from (select p.log, p.partition, p.meter, sum(p.events) as events from place p where p.is_defined group by 1, 2, 3) as t
    join meterd.meter m on m.id = t.meter
    cross join lateral (
      select o.name, (select coalesce(sum(p.events), 0) from place p where p.meter = o.id and p.partition = t.partition) as events
      from meterd.meter o where o.event = m.event order by o.id limit 1
    ) as first
    where t.events > first.events

  -- A series has a name, and no other has the same.
  union all
  select s.tenant || ' ' || m.name || ' ' || s.dimensions, format('%s series have this name', count(*))
    from meterd.series s join meterd.meter m on m.id = s.meter
    group by s.tenant, m.name, s.dimensions having count(*) > 1

  -- Rollups by themselves.
  union all
  select p.name, format('%s has a rollup of a series without a definition', p.log) from place p where not p.is_defined
  union all
  select p.name, format('%s has %s events', p.log, p.events) from place p where p.events < 0
  union all
  select p.name, format('%s counts %s in %s events', p.log, p.quantity, p.events)
    from place p where p.aggregate = 'count' and p.quantity <> p.events
  union all
  select p.name, format('%s joins a meter of aggregate ''%s'' in way %s', p.log, p.aggregate, p.merge)
    from place p
    where p.is_defined and p.merge <> case p.aggregate
      when 'count' then 0 when 'sum' then 0 when 'max' then 1 when 'min' then 2 when 'latest' then 3 when 'unique' then 4 else 5 end
  union all
  select p.name, format('%s has a window that does not begin where windows of %s do', p.log, g.window_length)
    from place p cross join grid g
    where (extract(epoch from p.window_start) * 1000000000)::bigint % g.length <> 0
  union all
  select l.name, format('the newest window is said to be %s, and is %s', coalesce(l.newest_window::text, 'none'), coalesce(r.newest::text, 'none'))
    from log l
    cross join lateral (select max(p.window_start) as newest from place p where p.partition = l.id) as r
    where r.newest is distinct from l.newest_window

  -- Values of unique meters.
  union all
  select p.name, format('%s says %s values and keeps %s', p.log, p.quantity, v.count)
    from place p
    cross join lateral (
      select count(*) from meterd.distinct_value v
      where v.series = p.series and v.window_start = p.window_start and v.partition = p.partition
    ) as v
    where p.merge = 4 and p.quantity <> v.count
  union all
  select p.name, format('%s keeps a value that was thinned out', p.log)
    from place p
    where p.merge = 4 and exists (
      select from meterd.distinct_value v
      where v.series = p.series and v.window_start = p.window_start and v.partition = p.partition
        and not meterd.is_kept(v.value, p.level_at))
  union all
  select 'series ' || v.series, format('%s values in a window without a rollup', count(*))
    from meterd.distinct_value v
    where not exists (
      select from meterd.rollup r
      where r.series = v.series and r.window_start = v.window_start and r.partition = v.partition and r.merge = 4)
    group by v.series

  -- Samples of levels. Where an operator had a log read again, a sample may have been read twice.
  union all
  select p.name, format('%s has %s events and %s samples', p.log, p.events, l.count)
    from place p
    cross join grid g
    cross join lateral (
      select count(*) from meterd.level_sample l
      where l.series = p.series and l.partition = p.partition
        and l.at >= (extract(epoch from p.window_start) * 1000000000)::bigint
        and l.at < (extract(epoch from p.window_start) * 1000000000)::bigint + g.length
    ) as l
    left join log on log.id = p.partition
    where p.merge = 5 and (p.events < l.count or p.events > l.count and coalesce(log.era, 0) = 0)
  union all
  select 'series ' || l.series, format('%s samples in a window without a rollup', count(*))
    from meterd.level_sample l cross join grid g
    where not exists (
      select from meterd.rollup r
      where r.series = l.series and r.partition = l.partition and r.merge = 5
        and r.window_start = to_timestamp(meterd.window_number(l.at, g.length) * (g.length / 1000000000)))
    group by l.series

  -- The log of changes: chunks do not overlap, and every rollup's last change is in one.
  union all
  select 'changes', format('the chunk at %s begins before the one at %s ends', c.position, c.before)
    from (
      select c.position, lag(c.position) over w as before,
        lag(coalesce(c.positions[cardinality(c.series)], c.position + cardinality(c.series) - 1)) over w as last
      from meterd.change c window w as (order by c.position)
    ) as c
    where c.last >= c.position
  union all
  select p.name, format('%s has a change that changes_since does not tell of', p.log)
    from place p
    where not exists (
      select from (
        select coalesce(c.positions[t.place], c.position + t.place - 1) as position, t.series
        from meterd.change c cross join lateral unnest(c.series) with ordinality as t (series, place)
      ) as e
      where e.position = p.changed and e.series = p.series)

  -- The chain of the audit.
  union all
  select 'audit ' || a.seq, case
      when a.seq <> a.last + 1 then format('it follows entry %s; entries between them were taken out', a.last)
      when a.prev_hash <> a.before then 'it does not follow the entry before it'
      else 'it was altered' end
    from (
      select a.*, coalesce(lag(a.seq) over (order by a.seq), 0) as last, coalesce(lag(a.hash) over (order by a.seq), ''::bytea) as before
      from meterd.audit_entry a
    ) as a
    where a.seq <> a.last + 1 or a.prev_hash <> a.before
      or a.hash <> meterd.audit_hash(a.seq, a.at, a.actor, a.action, a.subject, a.detail, a.prev_hash)
  union all
  select 'audit', format('its head is entry %s, the last entry is %s', h.seq, coalesce(a.seq, 0))
    from meterd.audit_head h
    left join lateral (select a.seq, a.hash from meterd.audit_entry a order by a.seq desc limit 1) as a on true
    where h.seq <> coalesce(a.seq, 0) or h.hash <> coalesce(a.hash, ''::bytea)
  union all
  select 'audit', format('it has %s heads', count(*)) from meterd.audit_head having count(*) <> 1
$$;

insert into meterd.permission (role, object, rights) values ('meterd_writer', 'function meterd.differences', 'execute');
