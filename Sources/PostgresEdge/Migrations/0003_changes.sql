-- What changed since when. Every change of a row of `usage` has a position: the number of the transaction that made it, and its place
-- within. A reader is shown positions below every transaction that still runs, so that what commits later stands later, whatever order
-- the commits come in; no writer waits for another.
--
-- Positions are kept in chunks beside the rollups and not in an index over them: an index would make each update of a row write
-- every index of the table (measured: twice the time of an update; a chunk costs a tenth). A position whose row has a later one that a
-- reader sees too is passed over, and swept out with time.

-- What is added to the server's transaction numbers, which begin anew when a dump is restored elsewhere.
alter table meterd.installation add column change_base bigint;
update meterd.installation set change_base = 1 - pg_current_xact_id()::text::bigint;
alter table meterd.installation alter column change_base set not null;

-- The position of the row's last change.
alter table meterd.rollup add column changed bigint not null;

-- Up to which window the levels of the partition were carried over the windows' ends; null before the first sample.
alter table meterd.partition add column levels_carried bigint;

-- Chunks do not overlap, in the order of `position`, which is that of their first entry. Where `positions` is null they follow each
-- other. A row with 64 entries stays below the size at which PostgreSQL would put it elsewhere.
create table meterd.change (
  position bigint primary key,
  positions bigint[],
  series uuid[] not null,
  windows timestamptz[] not null,
  written_at timestamptz not null default now()
);

-- Levels hold over windows in which nothing comes, and a late sample changes the windows behind it. Which series have windows to be
-- told of, from which on; a bounded number is with each flush.
create table meterd.level_due (
  partition integer not null,
  series uuid not null,
  first_window bigint not null,
  primary key (partition, series)
);

-- The first position of this transaction, which has 2^22 of them: a flush has half of that at the most, as reading stops at twice
-- `flush.max_rows`.
create function meterd.change_position() returns bigint language sql volatile as $$
  select (i.change_base + pg_current_xact_id()::text::bigint) << 22 from meterd.installation i
$$;

-- Everything below was decided before the snapshot at hand.
create function meterd.change_horizon() returns bigint language sql stable as $$
  select (i.change_base + pg_snapshot_xmin(pg_current_snapshot())::text::bigint) << 22 from meterd.installation i
$$;

-- Entries behind `p_position`. The arrays are laid down flat first: cutting a piece out of them costs nothing then.
create function meterd.note_changes(p_position bigint, p_series uuid[], p_windows timestamptz[]) returns void
language sql volatile as $$
  with flat as materialized (select p_series as series, p_windows as windows)
  insert into meterd.change (position, series, windows)
  select p_position + i, flat.series[i:i + 63], flat.windows[i:i + 63]
  from flat, generate_series(1, cardinality(p_series), 64) as i
$$;

-- The number of the window that is open now.
create function meterd.open_window(p_window bigint) returns bigint language sql stable as $$
  select meterd.window_number((extract(epoch from now()) * 1000000000)::bigint, p_window)
$$;

-- The next series of which windows are to be told. Nothing changes behind the last sample's hold: a level of months ago that held for
-- minutes would otherwise be told of in every window since.
create function meterd.taken_levels(p_partition integer, p_length bigint, p_present bigint)
returns table (series uuid, first_window bigint, last_window bigint) language sql stable as $$
  select d.series, d.first_window, case when m.hold_nanoseconds is null then p_present else least(p_present, meterd.window_number((
      select max(l.at) from meterd.level_sample l where l.series = d.series) + m.hold_nanoseconds, p_length)) end
  from (
    select d.series, d.first_window from meterd.level_due d where d.partition = p_partition order by d.series limit 1000
  ) as d
  join meterd.series s on s.id = d.series
  join meterd.meter m on m.id = s.meter
$$;

-- Tells of windows that levels were carried into: behind late samples, and where a window has ended. `p_position` is the last one of
-- this transaction that is taken.
create function meterd.carry_levels(
  p_partition integer, p_position bigint, p_sample_series uuid[], p_sample_times bigint[]
) returns void language plpgsql volatile as $$
declare
  length bigint := (select (extract(epoch from i.window_length) * 1000000000)::bigint from meterd.installation i);
  present bigint := meterd.open_window(length);
  carried bigint := (select p.levels_carried from meterd.partition p where p.id = p_partition);
  due record;
begin
  if cardinality(p_sample_series) > 0 then
    insert into meterd.level_due as d (partition, series, first_window)
      select p_partition, t.series, min(meterd.window_number(t.at, length)) + 1
      from unnest(p_sample_series, p_sample_times) as t (series, at)
      where meterd.window_number(t.at, length) < present
      group by t.series
      order by t.series
      on conflict (partition, series) do update set first_window = least(d.first_window, excluded.first_window);
  end if;
  if carried < present then
    -- From one series to the next over the primary key, however many samples there are between.
    insert into meterd.level_due as d (partition, series, first_window)
      with recursive held as (
        (select l.series from meterd.level_sample l order by l.series limit 1)
        union all
        select (select l.series from meterd.level_sample l where l.series > held.series order by l.series limit 1)
        from held where held.series is not null
      )
      select p_partition, s.id, carried
      from held
      join meterd.series s on s.id = held.series
      join meterd.meter m on m.id = s.meter
      where exists (select from meterd.rollup r where r.series = s.id and r.partition + 0 = p_partition)
        and (m.hold_nanoseconds is null or carried * length < m.hold_nanoseconds + (
          select max(l.at) from meterd.level_sample l where l.series = s.id))
      order by s.id
      on conflict (partition, series) do update set first_window = least(d.first_window, excluded.first_window);
  end if;
  if carried is distinct from present and (carried is not null or cardinality(p_sample_series) > 0) then
    update meterd.partition p set levels_carried = present where p.id = p_partition;
  end if;

  select array_agg(taken.series order by taken.series, n) as series,
      array_agg(to_timestamp(n * (length / 1000000000)) order by taken.series, n) as windows
    into due
    from meterd.taken_levels(p_partition, length, present) as taken
    cross join lateral generate_series(taken.first_window, least(taken.first_window + 63, taken.last_window)) as n;
  if due.series is not null then perform meterd.note_changes(p_position, due.series, due.windows); end if;
  with taken as materialized (
    select * from meterd.taken_levels(p_partition, length, present)
  ), rest as (
    update meterd.level_due d set first_window = taken.first_window + 64
      from taken where d.partition = p_partition and d.series = taken.series and taken.first_window + 63 < taken.last_window
  )
  delete from meterd.level_due d
    using taken where d.partition = p_partition and d.series = taken.series and taken.first_window + 63 >= taken.last_window;
end
$$;

-- Says that an idle partition is as far as it was, now.
create function meterd.touch(p_partition integer, p_epoch bigint) returns boolean language plpgsql volatile as $$
begin
  update meterd.partition p set committed_at = now() where p.id = p_partition and p.epoch = p_epoch;
  if not found then return false; end if;
  perform meterd.carry_levels(p_partition, meterd.change_position(), '{}', '{}');
  return true;
end
$$;

create type meterd.changed_row as (cursor bigint, kind text, row jsonb);

-- At most `max_rows` changed rows behind `cursor`, as they are now; quantities are text, so that no reader takes them for binary floating
-- point. A cursor is twice a position: with a change of `usage` comes, one later, the row of `period_usage` that it belongs to, behind the last
-- of its changes that stand near each other.
create function meterd.changes_since(cursor bigint, max_rows integer) returns setof meterd.changed_row
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set jit = off as $$
declare
  since bigint := greatest(coalesce(cursor, 0), 0);
  horizon bigint := meterd.change_horizon();
  length bigint := (select (extract(epoch from i.window_length) * 1000000000)::bigint from meterd.installation i);
  wanted integer := coalesce(max_rows, 0);
  next bigint := coalesce((select c.position from meterd.change c where c.position <= since / 2 order by c.position desc limit 1), 0);
  has_periods boolean := exists (select from meterd.period);
  found_rows integer;
  chunk meterd.change;
begin
  while wanted > 0 loop
    -- One by one: however many there are, few are looked at.
    select c.* into chunk from meterd.change c
      where c.position >= next and c.position < horizon order by c.position limit 1;
    exit when not found;
    next := chunk.position + 1;
    return query
      with entry as materialized (
        select e.position, e.series, e.window_start
        from (
          select coalesce(chunk.positions[t.place], chunk.position + t.place - 1) as position, t.series, t.window_start
          from unnest(chunk.series, chunk.windows) with ordinality as t (series, window_start, place)
        ) as e
        where e.position < horizon
      )
      select 2 * e.position as cursor, 'usage', jsonb_build_object(
        'tenant', u.tenant, 'meter', u.meter, 'dimensions', u.dimensions, 'window_start', u.window_start, 'window_end', u.window_end,
        'quantity', u.quantity::text, 'events', u.events, 'approximate', u.approximate)
      from entry e
      cross join lateral (
        -- The offset keeps the window's own rows from being joined to everybody's.
        (select * from meterd.summed_usage v where v.series = e.series and v.window_start = e.window_start offset 0)
        union all
        select s.id, s.tenant, m.name, s.dimensions, w.window_start, w.window_start + make_interval(secs => length / 1000000000),
          w.quantity, w.events, false
        from meterd.series s
        join meterd.meter m on m.id = s.meter and m.aggregate = 'time_weighted'
        cross join lateral (select (extract(epoch from e.window_start) * 1000000000)::bigint / length as number) as n
        cross join lateral meterd.level_usage(s.id, m.hold_nanoseconds, m.scale, length, n.number, n.number) as w
        where s.id = e.series
      ) as u
      where 2 * e.position > since and not exists (
        select from meterd.rollup r
        where r.series = e.series and r.window_start = e.window_start and r.changed > e.position and r.changed < horizon)
      union all
      select 2 * k.position + 1, 'period_usage', to_jsonb(v) - 'period' - 'meter_id' - 'shadow'
        || jsonb_build_object(
          'quantity', v.quantity::text, 'included', v.included::text, 'limit_at', v.limit_at::text, 'overage', v.overage::text)
      from (
        select p.id as period, s.meter, max(e.position) as position
        from entry e
        join meterd.series s on s.id = e.series
        join meterd.period p on p.tenant = s.tenant and p.ends_at > e.window_start and p.starts_at <= e.window_start
        where has_periods
        group by p.id, s.meter
      ) as k
      cross join lateral (
        select * from meterd.period_amount v where v.period = k.period and v.meter_id = k.meter and not v.shadow offset 0
      ) as v
      where 2 * k.position + 1 > since
      order by cursor
      limit wanted;
    get diagnostics found_rows = row_count;
    wanted := wanted - found_rows;
  end loop;
end
$$;

-- How far the log was swept, by how old it was then: what changes every second is swept out after a minute, what changes as long as its
-- window is open after some hours, and so on. An entry is looked at once for each.
create table meterd.change_sweep (
  age interval primary key,
  swept_to bigint not null default 0
);
insert into meterd.change_sweep (age) values ('1 minute'), ('3 hours'), ('3 days'), ('40 days');

-- Takes out of at most `p_chunks` chunks what has a later position, for each age; says how many it has looked at. One at a time does it.
create function meterd.sweep_changes(p_chunks integer) returns integer language plpgsql volatile as $$
declare
  horizon bigint := meterd.change_horizon();
  sweep record;
  taken record;
  live record;
  looked_at integer := 0;
begin
  perform from meterd.change_sweep s where s.age = '1 minute' for update skip locked;
  if not found then return 0; end if;
  for sweep in select s.age, s.swept_to from meterd.change_sweep s order by s.age loop
    -- One behind the other without a gap: what is written anew must not reach over a chunk that stays.
    select array_agg(c.position order by c.position) as chunks, max(coalesce(c.positions[cardinality(c.series)], c.position + cardinality(c.series) - 1)) as last,
        sum(cardinality(c.series)) as entries
      into taken
      from (
        select n.*, bool_and(n.written_at < now() - sweep.age) over (order by n.position) as is_old
        from (
          select c.* from meterd.change c
          where c.position > sweep.swept_to and c.position < horizon
          order by c.position limit p_chunks
        ) as n
      ) as c
      where c.is_old;
    continue when taken.chunks is null;
    looked_at := looked_at + cardinality(taken.chunks);
    select array_agg(e.position order by e.position) as positions, array_agg(e.series order by e.position) as series,
        array_agg(e.window_start order by e.position) as windows, array_agg(e.written_at order by e.position) as times
      into live
      from (
        select coalesce(c.positions[t.place], c.position + t.place - 1) as position, t.series, t.window_start, c.written_at
        from meterd.change c cross join lateral unnest(c.series, c.windows) with ordinality as t (series, window_start, place)
        where c.position = any(taken.chunks)
      ) as e
      where not exists (
        select from meterd.rollup r
        where r.series = e.series and r.window_start = e.window_start and r.changed > e.position
          and r.changed < horizon);
    -- Writing anew what mostly stays would gain nothing.
    if coalesce(cardinality(live.positions), 0) * 4 < taken.entries * 3 then
      delete from meterd.change c where c.position = any(taken.chunks);
      insert into meterd.change (position, positions, series, windows, written_at)
        select min(t.position), array_agg(t.position order by t.position), array_agg(t.series order by t.position),
          array_agg(t.window_start order by t.position), max(t.at)
        from unnest(live.positions, live.series, live.windows, live.times) with ordinality
          as t (position, series, window_start, at, place)
        group by (t.place - 1) / 48;
    end if;
    update meterd.change_sweep s set swept_to = taken.last where s.age = sweep.age;
  end loop;
  return looked_at;
end
$$;

-- Goes on behind the last position where the server's transaction numbers have begun anew: after a dump was restored elsewhere. Whoever
-- writes positions reads the base, and so has to wait.
create function meterd.continue_changes() returns boolean language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  newest bigint := (
    select coalesce(c.positions[cardinality(c.positions)], c.position) >> 22
    from meterd.change c order by c.position desc limit 1);
begin
  if newest is null or newest < (
    select i.change_base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint from meterd.installation i)
  then
    return false;
  end if;
  lock table meterd.installation in access exclusive mode;
  update meterd.installation set change_base = newest + 1 - pg_current_xact_id()::text::bigint;
  return true;
end
$$;

insert into meterd.permission (role, object, rights) values
  ('meterd_reader', 'function meterd.changes_since', 'execute'),
  ('meterd_writer', 'function meterd.changes_since', 'execute'),
  ('meterd_writer', 'function meterd.change_position', 'execute'),
  ('meterd_writer', 'function meterd.change_horizon', 'execute'),
  ('meterd_writer', 'function meterd.note_changes', 'execute'),
  ('meterd_writer', 'function meterd.open_window', 'execute'),
  ('meterd_writer', 'function meterd.carry_levels', 'execute'),
  ('meterd_writer', 'function meterd.taken_levels', 'execute'),
  ('meterd_writer', 'function meterd.touch', 'execute'),
  ('meterd_writer', 'function meterd.sweep_changes', 'execute'),
  ('meterd_writer', 'function meterd.continue_changes', 'execute'),
  ('meterd_writer', 'meterd.change', 'select, insert, delete'),
  ('meterd_writer', 'meterd.change_sweep', 'select, update'),
  ('meterd_writer', 'meterd.level_due', 'select, insert, update, delete');
