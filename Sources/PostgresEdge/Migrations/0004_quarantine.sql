-- What becomes of quarantined events: a person asks for a replay or discards them; a replay is the next flush of the partition's owner.

-- The record's timestamp as the log has it, -1 for none; and what the payload is: 0 the record's value as it was received, 1 the value
-- decompressed, 2 a part of a batch, 3 nothing, as the record had no value.
alter table meterd.quarantined
  add column timestamp_ms bigint not null,
  add column form smallint not null;

-- Replays that were asked for and not yet done. The flush that does one takes its row away, so that none is done twice.
create table meterd.replay_request (
  event bigint primary key references meterd.quarantined,
  partition integer not null,
  asked_at timestamptz not null default now()
);
create index replay_request_partition on meterd.replay_request (partition, event);

-- Replays that were done: in which flush, into how many events (a record that could not be split may be a batch now), and with which
-- verdict; `several` where there is not one.
create table meterd.replay (
  event bigint not null references meterd.quarantined,
  partition integer not null,
  epoch bigint not null,
  flush bigint not null,
  settled_at timestamptz not null default now(),
  verdict text not null,
  events integer not null,
  primary key (event, partition, epoch, flush)
);

-- Within a flush: what was asked for and is counted now. Each must have been asked for and be held, or the flush is not this one's.
create function meterd.settle_replays(
  p_partition integer, p_epoch bigint, p_flush bigint, p_replays bigint[], p_verdicts text[], p_events integer[]
) returns void language plpgsql volatile as $$
declare
  settled bigint;
begin
  with asked as (
    delete from meterd.replay_request r where r.event = any(p_replays) and r.partition = p_partition returning r.event
  ), moved as (
    update meterd.quarantined q set state = 'replayed' from asked where q.id = asked.event and q.state = 'held' returning q.id
  )
  select count(*) into settled from moved;
  if settled <> cardinality(p_replays) then
    raise exception 'replays of partition % were not asked for (% of %)', p_partition, cardinality(p_replays) - settled,
      cardinality(p_replays);
  end if;
  insert into meterd.replay (event, partition, epoch, flush, verdict, events)
    select t.event, p_partition, p_epoch, p_flush, t.verdict, t.events
    from unnest(p_replays, p_verdicts, p_events) as t (event, verdict, events);
end
$$;

-- Within a flush: what could not be counted. An event that was replayed and is still bad stays the row it was; `p_sources` names that row,
-- 0 for events that come from the log.
create function meterd.keep_quarantined(
  p_partition integer, p_era integer, p_offsets bigint[], p_places integer[], p_reasons text[], p_details text[],
  p_received bigint[], p_payloads bytea[], p_headers text[], p_forms integer[], p_sources bigint[]
) returns void language sql volatile as $$
  with event as materialized (
    select t.*, q.id, q.era
    from unnest(p_offsets, p_places, p_reasons, p_details, p_received, p_payloads, p_headers, p_forms, p_sources)
      as t (o, place, reason, detail, received, payload, headers, form, source)
    left join meterd.quarantined q on t.source <> 0 and q.id = t.source
  ), again as (
    update meterd.quarantined q set state = 'held', reason = e.reason, detail = e.detail, payload = e.payload, form = e.form
      from event e where q.id = e.id and q.place = e.place
      returning q.id, q.place
  )
  insert into meterd.quarantined (
      partition, era, "offset", place, reason, detail, received_at, payload, headers, timestamp_ms, form)
    select p_partition, coalesce(e.era, p_era), e.o, e.place, e.reason, e.detail,
      case when e.received < 0 then now() else to_timestamp(least(e.received, 253402300799000) / 1000.0) end,
      e.payload, e.headers::jsonb, e.received, e.form
    from event e
    where not exists (select from again where again.id = e.id and again.place = e.place)
    -- Their ids follow the log, and so do replays.
    order by e.o, e.place
$$;

-- What the owner of a partition is asked to replay: the oldest requests first, at most so many and, but for the first, so many bytes. A
-- row for each header, the payload with the first; one row without a name where there is no header.
create function meterd.replays_due(p_partition integer, p_events integer, p_bytes bigint)
returns table (
  event bigint, "offset" bigint, place bigint, timestamp_ms bigint, form bigint, payload bytea, header_name text, header_value bytea
) language sql stable as $$
  select q.id, q."offset", q.place, q.timestamp_ms, q.form, case when coalesce(h.place, 1) = 1 then q.payload end,
    h.pair ->> 0, decode(h.pair ->> 1, 'base64')
  from (
    select r.event, sum(octet_length(k.payload)) over (order by r.event) as bytes, row_number() over (order by r.event) as number
    from (select a.event from meterd.replay_request a where a.partition = p_partition order by a.event limit p_events) as r
    join meterd.quarantined k on k.id = r.event
  ) as due
  join meterd.quarantined q on q.id = due.event
  left join lateral jsonb_array_elements(q.headers) with ordinality as h (pair, place) on true
  where due.number = 1 or due.bytes <= p_bytes
  order by q.id, h.place
$$;

-- What an order to replay or discard found: `done`, or why not.
create function meterd.order_quarantined(p_action text, p_events bigint[], p_actor text)
returns table (event bigint, outcome text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  ordered bigint[];
begin
  if p_action not in ('replay', 'discard') then raise exception 'no such action: %', p_action; end if;
  -- Held until the end, in one order, so that of two orders one is first. A replay that is under way does not wait for this.
  perform from meterd.quarantined q where q.id = any(p_events) order by q.id for update;
  select coalesce(array_agg(q.id order by q.id), '{}') into ordered
    from meterd.quarantined q
    where q.id = any(p_events) and q.state = 'held' and not exists (select from meterd.replay_request r where r.event = q.id);
  return query
    select t.event, case
        when q.id is null then 'unknown'
        when t.event = any(ordered) then 'done'
        when q.state <> 'held' then q.state
        else 'asked for' end
    from unnest(p_events) with ordinality as t (event, place)
    left join meterd.quarantined q on q.id = t.event
    order by t.place;
  if cardinality(ordered) = 0 then return; end if;
  if p_action = 'replay' then
    insert into meterd.replay_request (event, partition)
      select q.id, q.partition from meterd.quarantined q where q.id = any(ordered) order by q.id;
  else
    update meterd.quarantined q set state = 'discarded' where q.id = any(ordered);
  end if;
  perform meterd.audit_append(
    p_actor, 'quarantine.' || p_action, 'quarantine',
    jsonb_build_object('events', to_jsonb(ordered), 'role', session_user));
end
$$;

insert into meterd.permission (role, object, rights) values
  ('meterd_writer', 'function meterd.settle_replays', 'execute'),
  ('meterd_writer', 'function meterd.keep_quarantined', 'execute'),
  ('meterd_writer', 'function meterd.replays_due', 'execute'),
  ('meterd_writer', 'function meterd.order_quarantined', 'execute'),
  ('meterd_writer', 'meterd.replay_request', 'select, delete'),
  ('meterd_writer', 'meterd.replay', 'select, insert');
update meterd.permission set rights = 'select, insert, update (state, reason, detail, payload, form)'
  where role = 'meterd_writer' and object = 'meterd.quarantined';
