-- The ledger: what was counted, up to which offset, and by whom. Tables are private; views and functions are the interface.

-- One row. The seed keys every hash of the installation and is secret; the window is fixed once data exists.
create table meterd.installation (
  single boolean primary key default true check (single),
  seed bigint not null,
  window_length interval not null,
  created_at timestamptz not null default now()
);

insert into meterd.installation (seed, window_length)
values (('x' || left(md5(gen_random_uuid()::text || gen_random_uuid()::text), 16))::bit(64)::bigint, interval '1 hour');

-- A partition's cursor, the epoch of its ownership, and the sums of its verdicts. Whoever commits holds this row.
create table meterd.partition (
  id integer generated always as identity primary key,
  topic text collate "C" not null,
  number integer not null,
  epoch bigint not null default 0,
  owner text,
  -- Null until a daemon has seen where the log begins.
  next_offset bigint,
  -- Number of the last flush within the epoch.
  last_flush bigint not null default 0,
  -- Largest Kafka timestamp accepted, in milliseconds; identities age by it.
  high_water bigint not null default 0,
  -- Generations of identities that ended before this are forgotten.
  forget_before bigint not null default 0,
  -- The newest window in which anything was ever counted; null if nothing was.
  newest_window timestamptz,
  committed_at timestamptz,
  -- Why nothing is read of it, until an operator decides.
  halted text,
  -- How often an operator has moved the cursor. Offsets tile within an era; another one may go over the same offsets again.
  era integer not null default 0,
  counted bigint not null default 0,
  late bigint not null default 0,
  duplicate bigint not null default 0,
  conflict bigint not null default 0,
  voided bigint not null default 0,
  unmetered bigint not null default 0,
  quarantined bigint not null default 0,
  unique (topic, number)
);

create table meterd.meter (
  id integer generated always as identity primary key,
  name text collate "C" not null unique,
  event text collate "C" not null,
  aggregate text not null,
  value_path text collate "C",
  scale integer not null,
  dimensions text[] not null,
  unit text,
  hold_nanoseconds bigint,
  created_at timestamptz not null default now()
);

-- Series are named by a keyed 128-bit hash of tenant, meter and dimension values.
create table meterd.series (
  id uuid primary key,
  tenant text collate "C" not null,
  -- Of the table of meters, from which nothing is ever removed; a foreign key would be asked about for every series.
  meter integer not null,
  dimensions jsonb not null
);
create index series_tenant on meterd.series (tenant, meter);

-- Each partition has rows of its own, so that partitions never wait for each other; the view adds them up.
create table meterd.rollup (
  series uuid not null,
  window_start timestamptz not null,
  partition integer not null,
  -- Tenant and meter by a keyed hash, 0 for a meter without dimensions: finds all series that share the room of one window.
  member_of bigint not null,
  quantity numeric not null,
  events bigint not null,
  -- How a delta joins the row: 0 adds, 1 the larger, 2 the smaller, 3 the later, 4 counts values, 5 counts samples of a level.
  merge smallint not null,
  -- Of the latest level: its time in nanoseconds, its record's offset, its place in the batch. For values: how many bits are zero.
  level_at bigint not null,
  level_offset bigint not null,
  level_place integer not null,
  primary key (series, window_start, partition)
) with (fillfactor = 80);
create index rollup_window on meterd.rollup (partition, window_start, member_of);
-- Before the first ANALYZE, and after each crash has thrown away what autovacuum goes by, PostgreSQL takes this index for as good as the
-- key and reads a whole window for each row that is sought by its key. `partition + 0` says which of the two is meant.

-- Samples of levels over time; the view makes the integrals from them. At one instant the last offset holds.
create table meterd.level_sample (
  series uuid not null,
  -- Nanoseconds since 1970.
  at bigint not null,
  partition integer not null,
  "offset" bigint not null,
  place integer not null,
  level numeric not null,
  primary key (series, at, partition, "offset", place)
);

-- Values of unique meters by the hash of their text. A set that grows beyond the bound keeps every second value, then every fourth:
-- those whose hash ends in as many zero bits as the rollup's `level_at` says. Which are kept depends on the values alone.
create table meterd.distinct_value (
  series uuid not null,
  window_start timestamptz not null,
  partition integer not null,
  value uuid not null,
  primary key (series, window_start, partition, value)
);

-- Identities of counted events, 16 bytes each. They lie in a ring of eight rooms by the age of their generation, a quarter of the dedupe
-- window each; a room is emptied whole once everything in it has passed, so that forgetting leaves nothing to be cleaned up.
create table meterd.identity_page (
  room smallint not null,
  partition integer not null,
  base_offset bigint not null,
  base_window bigint not null,
  -- Last millisecond of the generation, on the partition's high water.
  generation_end bigint not null,
  entries bytea not null
) partition by list (room);
create index identity_page_generation on meterd.identity_page (partition, generation_end);
-- Fingerprints do not compress.
alter table meterd.identity_page alter column entries set storage external;

do $$
begin
  for room in 0..7 loop
    execute format('create table meterd.identity_page_%s partition of meterd.identity_page for values in (%s)', room, room);
  end loop;
end
$$;

-- Empties the rooms of identities of which most have passed; says how many. What is still remembered there, mostly of partitions that have
-- been quiet for long, is put back. Nobody waits for it: a room that is in use is left for the next time.
create function meterd.sweep_identities() returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '100ms'
as $$
declare
  emptied integer := 0;
  is_due boolean;
begin
  for room in 0..7 loop
    begin
      -- Asked again under the lock: a page may have come in between.
      for turn in 1..2 loop
        execute format(
          'select count(*) > 0 and 4 * count(*) filter (where i.generation_end >= p.forget_before) <= count(*)
           from meterd.identity_page_%s i left join meterd.partition p on p.id = i.partition', room) into is_due;
        exit when not is_due or turn = 2;
        execute format('lock table meterd.identity_page_%s in access exclusive mode', room);
      end loop;
      continue when not is_due;
      execute format(
        'create temp table kept on commit drop as select i.* from meterd.identity_page_%s i
         join meterd.partition p on p.id = i.partition where i.generation_end >= p.forget_before', room);
      execute format('truncate meterd.identity_page_%s', room);
      execute format('insert into meterd.identity_page_%s select * from pg_temp.kept', room);
      drop table pg_temp.kept;
      emptied := emptied + 1;
    exception when lock_not_available then
      null;
    end;
  end loop;
  return emptied;
end
$$;

create table meterd.quarantined (
  id bigint generated always as identity primary key,
  partition integer not null references meterd.partition,
  era integer not null,
  "offset" bigint not null,
  place integer not null,
  reason text not null,
  detail text not null,
  received_at timestamptz not null,
  payload bytea not null,
  headers jsonb not null,
  state text not null default 'held',
  constraint quarantined_partition_offset_place_key unique (partition, era, "offset", place)
);

create table meterd.conflicting (
  partition integer not null references meterd.partition,
  "offset" bigint not null,
  first_offset bigint not null,
  tenant text collate "C" not null,
  source text collate "C" not null,
  event_id text collate "C" not null,
  seen_at timestamptz not null default now()
);
create index conflicting_tenant on meterd.conflicting (tenant);

-- Which flush covered which offsets: the intervals of a partition's era tile its log without gap or overlap.
create table meterd.journal (
  partition integer not null,
  era integer not null,
  from_offset bigint not null,
  to_offset bigint not null,
  epoch bigint not null,
  flush bigint not null,
  events bigint not null,
  committed_at timestamptz not null default now(),
  primary key (partition, era, from_offset)
);

-- Whether a value is kept at a level of thinning.
create function meterd.is_kept(value uuid, bits bigint) returns boolean language sql immutable as $$
  select ('x' || right(replace(value::text, '-', ''), 16))::bit(64)::bigint & ((1::bigint << bits::integer) - 1) = 0
$$;

-- numerator / denominator to a number of fraction digits, half to even. The denominator is positive.
create function meterd.half_even(numerator numeric, denominator numeric, digits integer) returns numeric
language sql immutable as $$
  select trim_scale((case
      when 2 * abs(n - t * denominator) > denominator or 2 * abs(n - t * denominator) = denominator and t % 2 <> 0
      then t + sign(n) else t end) * ('1e-' || digits)::numeric)
  from (select n, div(n, denominator) as t from (select numerator * ('1e' || digits)::numeric as n) as a) as b
$$;

-- Which window an instant lies in, counted from 1970. In whole numbers: a numeric quotient of 19 digits is rounded, and the last
-- nanosecond of a window would lie in the next.
create function meterd.window_number(at bigint, length bigint) returns bigint language sql immutable as $$
  select (at - ((at % length) + length) % length) / length
$$;

-- What a partition has in windows that a daemon does not have in memory: by key either all series of a group or one series, each with
-- its sum; null for what does not add up. A quantity is kept with as many fraction digits as its meter's scale.
create function meterd.stored_sums(p_partition integer, p_groups bigint[], p_series uuid[], p_windows timestamptz[])
returns table (place bigint, series uuid, quantity numeric)
language sql stable as $$
  select k.place, r.series, case when r.merge = 0 then r.quantity end
  from unnest(p_groups, p_windows) with ordinality as k (member_of, window_start, place)
  join meterd.rollup r
    on r.partition = p_partition and r.window_start = k.window_start and r.member_of = k.member_of
  where k.member_of <> 0
  union all
  select k.place, r.series, case when r.merge = 0 then r.quantity end
  from unnest(p_groups, p_series, p_windows) with ordinality as k (member_of, series, window_start, place)
  join meterd.rollup r on r.series = k.series and r.window_start = k.window_start and r.partition + 0 = p_partition
  where k.member_of = 0
$$;

-- All that a partition has in its newest windows, as many of the last three as have no more rows than that together: what a daemon
-- needs in memory to go on where another ended.
create function meterd.recent_sums(p_partition integer, p_rows bigint)
returns table (window_start timestamptz, member_of bigint, series uuid, quantity numeric)
language sql stable as $$
  with newest as (
    select p.newest_window - 2 * i.window_length as since from meterd.partition p, meterd.installation i where p.id = p_partition
  ), sized as (
    select r.window_start, sum(count(*)) over (order by r.window_start desc) as rows
    from meterd.rollup r where r.partition = p_partition and r.window_start >= (select since from newest)
    group by r.window_start
  )
  select r.window_start, r.member_of, r.series, case when r.merge = 0 then r.quantity end
  from meterd.rollup r
  where r.partition = p_partition and r.window_start >= (select min(s.window_start) from sized s where s.rows <= p_rows)
$$;

-- Commits one flush, or nothing. The procedure commits by itself: the server has the whole message before it takes the first lock
-- and waits for no client while it holds one, so that a stopped daemon can never keep a partition from its successor.
create procedure meterd.apply(
  in p_partition integer, in p_epoch bigint, in p_from bigint, in p_to bigint, in p_flush bigint, in p_high_water bigint,
  in p_verdicts bigint[],
  in p_series uuid[], in p_groups bigint[], in p_windows timestamptz[], in p_quantities numeric[], in p_events bigint[],
  in p_merges integer[], in p_level_times bigint[], in p_level_offsets bigint[], in p_level_places integer[],
  in p_sample_series uuid[], in p_sample_times bigint[], in p_sample_offsets bigint[], in p_sample_places integer[],
  in p_sample_levels numeric[],
  in p_value_series uuid[], in p_value_windows timestamptz[], in p_values uuid[], in p_unique_max bigint,
  in p_new_series uuid[], in p_tenants text[], in p_meters integer[], in p_dimensions text[],
  in p_generations bigint[], in p_base_offsets bigint[], in p_base_windows bigint[], in p_entries bytea[], in p_forget_before bigint,
  in p_room_length bigint,
  in p_offsets bigint[], in p_places integer[], in p_reasons text[], in p_details text[], in p_received bigint[],
  in p_payloads bytea[], in p_headers text[], in p_forms integer[], in p_sources bigint[],
  in p_replays bigint[], in p_replay_verdicts text[], in p_replay_events integer[],
  in p_conflict_offsets bigint[], in p_conflict_firsts bigint[], in p_conflict_tenants text[], in p_conflict_sources text[],
  in p_conflict_ids text[],
  in p_crossings text, in p_reviewed text, in p_catalog_version bigint,
  inout outcome text
)
language plpgsql
as $$
declare
  held record;
  full_set record;
  change_at bigint;
begin
  select epoch, next_offset, last_flush, era, levels_carried into held from meterd.partition where id = p_partition for update;
  if held.epoch is distinct from p_epoch then
    outcome := 'refused';
  elsif held.last_flush = p_flush and held.next_offset = p_to then
    -- The answer to an earlier attempt was lost; the flush is already here.
    outcome := 'committed';
  elsif held.next_offset is distinct from p_from then
    outcome := 'refused';
  else
    change_at := meterd.change_position();
    insert into meterd.series (id, tenant, meter, dimensions)
      select t.id, t.tenant, t.meter, t.dimensions::jsonb
      from unnest(p_new_series, p_tenants, p_meters, p_dimensions) as t (id, tenant, meter, dimensions)
      on conflict (id) do nothing;
    insert into meterd.rollup as r
        (series, window_start, partition, member_of, quantity, events, merge, level_at, level_offset, level_place, changed)
      select t.series, t.window_start, p_partition, t.member_of, t.quantity, t.events, t.merge, t.level_at, t.level_offset,
        t.level_place, change_at + t.place
      from unnest(
        p_series, p_groups, p_windows, p_quantities, p_events, p_merges, p_level_times, p_level_offsets, p_level_places
      ) with ordinality
        as t (series, member_of, window_start, quantity, events, merge, level_at, level_offset, level_place, place)
      on conflict (series, window_start, partition) do update set
        changed = excluded.changed,
        events = r.events + excluded.events,
        quantity = case r.merge
          when 0 then r.quantity + excluded.quantity
          when 1 then greatest(r.quantity, excluded.quantity)
          when 2 then least(r.quantity, excluded.quantity)
          else case
            when (excluded.level_at, excluded.level_offset, excluded.level_place) > (r.level_at, r.level_offset, r.level_place)
            then excluded.quantity else r.quantity end
          end,
        level_at = case when r.merge = 3 and (excluded.level_at, excluded.level_offset, excluded.level_place) > (r.level_at, r.level_offset, r.level_place)
          then excluded.level_at else r.level_at end,
        level_offset = case when r.merge = 3 and (excluded.level_at, excluded.level_offset, excluded.level_place) > (r.level_at, r.level_offset, r.level_place)
          then excluded.level_offset else r.level_offset end,
        level_place = case when r.merge = 3 and (excluded.level_at, excluded.level_offset, excluded.level_place) > (r.level_at, r.level_offset, r.level_place)
          then excluded.level_place else r.level_place end;
    if cardinality(p_series) > 0 then
      perform meterd.note_changes(change_at, p_series, p_windows);
      perform meterd.add_totals(p_partition, p_series, p_windows, p_quantities, p_events, p_merges);
    end if;
    insert into meterd.level_sample (series, at, partition, "offset", place, level)
      select t.series, t.at, p_partition, t.o, t.place, t.level
      from unnest(p_sample_series, p_sample_times, p_sample_offsets, p_sample_places, p_sample_levels)
        as t (series, at, o, place, level)
      -- Only where an operator had the log read again: the sample is the one that was read last.
      on conflict (series, at, partition, "offset", place) do update set level = excluded.level;
    if held.levels_carried is not null or cardinality(p_sample_series) > 0 then
      perform meterd.carry_levels(p_partition, change_at + cardinality(p_series), p_sample_series, p_sample_times);
    end if;
    if cardinality(p_values) > 0 then
      with added as (
        insert into meterd.distinct_value (series, window_start, partition, value)
          select t.series, t.window_start, p_partition, t.value
          from unnest(p_value_series, p_value_windows, p_values) as t (series, window_start, value)
          join meterd.rollup r
            on r.series = t.series and r.window_start = t.window_start and r.partition + 0 = p_partition
          where meterd.is_kept(t.value, r.level_at)
          on conflict do nothing
          returning series, window_start
      )
      update meterd.rollup r set quantity = r.quantity + a.added
        from (select series, window_start, count(*) as added from added group by 1, 2) as a
        where r.series = a.series and r.window_start = a.window_start and r.partition + 0 = p_partition;
      for full_set in
        select distinct r.series, r.window_start, r.level_at, r.quantity
        from unnest(p_value_series, p_value_windows) as t (series, window_start)
        join meterd.rollup r
          on r.series = t.series and r.window_start = t.window_start and r.partition + 0 = p_partition
        where r.quantity > p_unique_max
      loop
        while full_set.quantity > p_unique_max loop
          full_set.level_at := full_set.level_at + 1;
          delete from meterd.distinct_value v
            where v.series = full_set.series and v.window_start = full_set.window_start and v.partition = p_partition
              and not meterd.is_kept(v.value, full_set.level_at);
          select count(*) into full_set.quantity from meterd.distinct_value v
            where v.series = full_set.series and v.window_start = full_set.window_start and v.partition = p_partition;
        end loop;
        update meterd.rollup r set quantity = full_set.quantity, level_at = full_set.level_at
          where r.series = full_set.series and r.window_start = full_set.window_start and r.partition + 0 = p_partition;
      end loop;
    end if;
    insert into meterd.identity_page (room, partition, generation_end, base_offset, base_window, entries)
      select ((t.generation_end / p_room_length) % 8 + 8) % 8, p_partition, t.generation_end, t.base_offset, t.base_window, t.entries
      from unnest(p_generations, p_base_offsets, p_base_windows, p_entries) as t (generation_end, base_offset, base_window, entries);
    if cardinality(p_replays) > 0 then
      perform meterd.settle_replays(p_partition, p_epoch, p_flush, p_replays, p_replay_verdicts, p_replay_events);
    end if;
    if cardinality(p_offsets) > 0 then
      perform meterd.keep_quarantined(
        p_partition, held.era, p_offsets, p_places, p_reasons, p_details, p_received, p_payloads, p_headers, p_forms, p_sources);
    end if;
    insert into meterd.conflicting (partition, "offset", first_offset, tenant, source, event_id)
      select p_partition, t.o, t.first, t.tenant, t.source, t.id
      from unnest(p_conflict_offsets, p_conflict_firsts, p_conflict_tenants, p_conflict_sources, p_conflict_ids)
        as t (o, first, tenant, source, id);
    -- A flush that only replays covers no offsets.
    if p_to > p_from then
      insert into meterd.journal (partition, era, from_offset, to_offset, epoch, flush, events)
        values (p_partition, held.era, p_from, p_to, p_epoch, p_flush,
          (select coalesce(sum(v), 0) from unnest(p_verdicts) as v)
            - (select coalesce(sum(e - 1), 0) from unnest(p_replay_events) as e));
    end if;
    update meterd.partition set
      next_offset = p_to, last_flush = p_flush, high_water = p_high_water, committed_at = now(), forget_before = p_forget_before,
      newest_window = greatest(newest_window, (select max(w) from unnest(p_windows) as w)),
      counted = counted + p_verdicts[1], late = late + p_verdicts[2], duplicate = duplicate + p_verdicts[3],
      conflict = conflict + p_verdicts[4], voided = voided + p_verdicts[5], unmetered = unmetered + p_verdicts[6],
      quarantined = quarantined + p_verdicts[7]
      where id = p_partition;
    if p_catalog_version < (select v.version from meterd.catalog_version v) then
      perform meterd.review_flush(p_catalog_version, p_series, p_windows);
      p_crossings := meterd.divert_crossings(p_partition, p_catalog_version, p_crossings);
    end if;
    if p_crossings is not null or p_reviewed is not null then perform meterd.note_limits(p_partition, p_crossings, p_reviewed); end if;
    outcome := 'committed';
  end if;
  commit;
end
$$;

create view meterd.accounting as
  select topic, number as partition,
    counted + late + duplicate + conflict + voided + unmetered + quarantined as events,
    counted, late, duplicate, conflict, voided, unmetered, quarantined
  from meterd.partition;

create view meterd.progress as
  select topic, number as partition, next_offset, epoch, owner, null::timestamptz as complete_through, committed_at, halted
  from meterd.partition;

create view meterd.quarantine as
  select q.id, p.topic, p.number as partition, q."offset", q.reason, q.detail, q.received_at, q.payload, q.headers, q.state
  from meterd.quarantined q
  join meterd.partition p on p.id = q.partition;

-- What operators decided, in the order of the commits. Each entry is hashed together with the hash of the one before it: an entry
-- that is altered, taken out or put in between breaks the chain, and the head tells when the end of it is cut off.
create table meterd.audit_entry (
  seq bigint primary key,
  at timestamptz not null,
  actor text collate "C" not null,
  action text collate "C" not null,
  subject text collate "C" not null,
  detail jsonb not null,
  prev_hash bytea not null,
  hash bytea not null
);

-- One row: the newest entry. Whoever appends holds it until the end of the transaction, so that entries are chained in the order in
-- which they become visible.
create table meterd.audit_head (
  single boolean primary key default true check (single),
  seq bigint not null,
  hash bytea not null
);
insert into meterd.audit_head (seq, hash) values (0, ''::bytea);

-- The hash of an entry. An array keeps its members apart whatever they hold.
create function meterd.audit_hash(
  p_seq bigint, p_at timestamptz, p_actor text, p_action text, p_subject text, p_detail jsonb, p_prev_hash bytea
) returns bytea language sql stable as $$
  select sha256(p_prev_hash || convert_to(jsonb_build_array(
    p_seq, (extract(epoch from p_at) * 1000000)::bigint, p_actor, p_action, p_subject, p_detail)::text, 'UTF8'))
$$;

-- Adds an entry within the caller's transaction; who may call this may not touch the tables.
create function meterd.audit_append(p_actor text, p_action text, p_subject text, p_detail jsonb) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  head record;
  entry_at timestamptz := clock_timestamp();
  entry_hash bytea;
begin
  select h.seq + 1 as seq, h.hash into strict head from meterd.audit_head h for update;
  entry_hash := meterd.audit_hash(head.seq, entry_at, p_actor, p_action, p_subject, p_detail, head.hash);
  insert into meterd.audit_entry (seq, at, actor, action, subject, detail, prev_hash, hash)
    values (head.seq, entry_at, p_actor, p_action, p_subject, p_detail, head.hash, entry_hash);
  update meterd.audit_head set seq = head.seq, hash = entry_hash;
  return head.seq;
end
$$;

-- Called from the functions of this schema only: whoever could write entries at will could fill the book.
revoke execute on function meterd.audit_append from public;

create view meterd.audit as
  select seq, at, actor, action, subject, detail, prev_hash, hash from meterd.audit_entry;

-- Lifts the halt of a partition: its owner claims it anew and goes on, from the cursor or, if given, from another offset. Nothing
-- happens unless the cursor is still where the operator saw it. What was read before may be counted again after a step back, unless
-- its identities are still remembered; what a step forward leaves out is never counted.
create function meterd.lift_halt(p_topic text, p_number integer, p_seen bigint, p_offset bigint, p_actor text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  held record;
begin
  select p.id, p.next_offset, p.halted, p.epoch, p.era into held
    from meterd.partition p where p.topic = p_topic and p.number = p_number for update;
  if not found then return 'unknown'; end if;
  if held.halted is null then return 'not halted'; end if;
  if held.next_offset is distinct from p_seen then return 'moved'; end if;
  update meterd.partition p set
    halted = null, next_offset = coalesce(p_offset, p.next_offset),
    era = p.era + (p_offset is not null)::integer,
    -- A flush that is still on its way belongs to what was read before.
    epoch = p.epoch + (p_offset is not null)::integer
    where p.id = held.id;
  perform meterd.audit_append(
    p_actor, case when p_offset is null then 'partition.resume' else 'partition.reset' end,
    p_topic || '[' || p_number || ']',
    jsonb_build_object(
      'from', held.next_offset, 'to', coalesce(p_offset, held.next_offset), 'reason', held.halted, 'epoch', held.epoch,
      'era', held.era + (p_offset is not null)::integer, 'role', session_user));
  return 'lifted';
end
$$;
revoke execute on function meterd.lift_halt from public;
