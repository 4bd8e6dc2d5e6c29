-- What is told of limits. Lanes judge what adds up, in the order of their log, and hand over what they saw with their flush. What a lane
-- cannot judge by itself stands in `limit_review` until a daemon has looked at it: totals that several partitions count for, levels, sets,
-- and whatever no event caused: another plan, another period.

-- Told in the order of the commits: whoever tells holds the one row of `limit_seq` to the end of the transaction, and takes it last.
create table meterd.limit_seq (
  single boolean primary key default true check (single),
  seq bigint not null
);
insert into meterd.limit_seq (seq) values (0);

create table meterd.limit_event (
  seq bigint primary key,
  id text collate "C" not null unique,
  at timestamptz not null,
  period bigint not null,
  -- 0 for a trial.
  meter integer not null,
  tenant text collate "C" not null,
  subscription text collate "C" not null,
  plan integer not null,
  kind text collate "C" not null,
  threshold numeric,
  -- What makes a threshold another one, beside its kind; of a trial's notice, when it was due.
  total numeric,
  used numeric,
  limit_at numeric,
  mode text,
  period_start timestamptz not null,
  period_end timestamptz not null,
  event_id text collate "C",
  partition integer,
  "offset" bigint,
  shadow boolean not null,
  -- Whether a recovery has ended it, so that it may be reached again.
  is_over boolean not null default false,
  -- Whether a later period began without it.
  is_passed boolean not null default false
);
create unique index limit_event_threshold on meterd.limit_event (period, meter, kind, total) where not is_over and kind <> 'recovered';
create index limit_event_tenant on meterd.limit_event (tenant, seq);

-- What is to be looked at; nobody waits for who looks. The event is the last one that was counted for it, if one was.
create table meterd.limit_review (
  id bigint generated always as identity primary key,
  period bigint not null,
  meter integer not null,
  event_id text collate "C",
  partition integer,
  "offset" bigint
);

-- One row: up to when it was looked at what begins and ends by the clock.
create table meterd.limit_clock (
  single boolean primary key default true check (single),
  checked_at timestamptz not null default now()
);
insert into meterd.limit_clock default values;

-- Integrals grow by themselves: when each is to be looked at again.
create table meterd.limit_watch (
  period bigint not null,
  meter integer not null,
  due_at timestamptz not null,
  primary key (period, meter)
);
create index limit_watch_due on meterd.limit_watch (due_at);

-- How far each topic was told; who tells it holds its row meanwhile.
create table meterd.limit_topic (
  topic text collate "C" primary key,
  seq bigint not null
);

-- Tenants for whom a catalog, or the clock, has changed something; daemons forget what they know of them.
create table meterd.tenant_change (
  version bigint not null,
  tenant text collate "C" not null,
  primary key (version, tenant)
);

create index subscription_change_at on meterd.subscription_change (at);
create index subscription_addon_starts_at on meterd.subscription_addon (starts_at);
create index subscription_addon_ends_at on meterd.subscription_addon (ends_at);
create index period_starts_at on meterd.period (starts_at);
create index period_trial on meterd.period (ends_at) where is_trial;
create index limit_review_subject on meterd.limit_review (period, meter);

-- 26 letters that sort by time, as ULIDs do.
create function meterd.fresh_id() returns text language sql volatile as $$
  select substr(l.a, 1 + (t.ms >> 45 & 31)::integer, 1) || substr(l.a, 1 + (t.ms >> 40 & 31)::integer, 1) || substr(l.a, 1 + (t.ms >> 35 & 31)::integer, 1) || substr(l.a, 1 + (t.ms >> 30 & 31)::integer, 1) || substr(l.a, 1 + (t.ms >> 25 & 31)::integer, 1) || substr(l.a, 1 + (t.ms >> 20 & 31)::integer, 1) || substr(l.a, 1 + (t.ms >> 15 & 31)::integer, 1) || substr(l.a, 1 + (t.ms >> 10 & 31)::integer, 1) || substr(l.a, 1 + (t.ms >> 5 & 31)::integer, 1) || substr(l.a, 1 + (t.ms >> 0 & 31)::integer, 1)
    || upper(right(replace(gen_random_uuid()::text, '-', ''), 16))
  from (select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms) as t, (select '0123456789ABCDEFGHJKMNPQRSTVWXYZ' as a) as l
$$;

-- Which plan a period is under: the one in force now, or at the end of a period that is over.
create view meterd.period_plan as
  select p.id as period, p.tenant, p.subscription, p.number, p.starts_at, p.ends_at, s.shadow, f.at, coalesce((
    select c.plan from meterd.subscription_change c where c.subscription = p.subscription and c.at <= f.at order by c.at desc limit 1), s.plan) as plan
  from meterd.period p
  join meterd.subscription s on s.id = p.subscription
  cross join lateral (select greatest(p.starts_at, least(now(), p.ends_at - interval '1 microsecond')) as at) as f;

-- What is judged: every entry of a period's plan that has a limit or warnings, with what add-ons bring.
create view meterd.limit_entry as
  select p.period, p.tenant, p.subscription, p.starts_at, p.ends_at, p.shadow, p.plan, e.meter, m.aggregate,
    case m.aggregate when 'count' then 0 else m.scale end as scale, coalesce(e.included, 0) + x.extra as included, e.limit_mode as mode,
    coalesce(e.limit_at, 0) + x.extra as at, e.grace_percent, e.warn_at, e.rate
  from meterd.period_plan p
  join meterd.plan_entry e on e.plan = p.plan
  join meterd.meter m on m.id = e.meter
  cross join lateral (
    select coalesce(sum((a.content ->> 'included')::numeric * b.quantity), 0) as extra
    from meterd.subscription_addon b
    join meterd.addon a on a.id = b.addon and a.content ->> 'meter' = m.name
    where b.subscription = p.subscription and b.starts_at <= p.at and (b.ends_at is null or b.ends_at > p.at)
  ) as x
  where e.limit_mode is not null or jsonb_array_length(e.warn_at) > 0;

-- What was told in a period of a meter and holds, as `kind total` by commas.
create function meterd.told_limits(p_period bigint, p_meter integer) returns text language sql stable as $$
  select string_agg(e.kind || ' ' || trim_scale(e.total), ',')
  from meterd.limit_event e
  where e.period = p_period and e.meter = p_meter and not e.is_over and e.kind <> 'recovered'
$$;

-- Whether a limit was told of in an earlier period of the same line of periods that no later one has ended.
create function meterd.passed_limits(p_period bigint, p_meter integer) returns setof bigint language sql stable as $$
  select e.seq
  from meterd.period_plan p
  join meterd.limit_event e on e.tenant = p.tenant and e.meter = p_meter and e.kind in ('limit', 'exceeded')
    and not e.is_over and not e.is_passed and e.shadow = p.shadow and (not p.shadow or e.subscription = p.subscription)
  join meterd.period b on b.id = e.period and b.ends_at <= p.starts_at
  where p.period = p_period
$$;

-- In plpgsql, whose plans stay with the session: it takes longer to plan than to run. What a lane asks before it counts for tenants: what limits each around a window, what the partition has counted for it, and what was told.
-- A tenant that nothing limits there has one row, which says from when to when.
create function meterd.limit_accounts(p_partition integer, p_tenants text[], p_windows timestamptz[])
returns table (
  place bigint, known_from timestamptz, known_until timestamptz, last_flush bigint, period bigint, starts_at timestamptz,
  ends_at timestamptz, meter integer, aggregate text, scale integer, plan integer, included numeric, mode text, at numeric,
  grace_percent numeric, warn_at jsonb, rate text, quantity numeric, is_shared boolean, told text, levels text
)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
  select k.place, r.known_from, r.known_until, l.last_flush, e.period, e.starts_at, e.ends_at, e.meter, e.aggregate, e.scale, e.plan,
    e.included, e.mode, e.at, e.grace_percent, e.warn_at, e.rate,
    case e.aggregate
      when 'max' then (
        select max(u.quantity)
        from meterd.series n
        join meterd.rollup u on u.series = n.id and u.window_start >= e.starts_at and u.window_start < e.ends_at
        where n.tenant = k.tenant and n.meter = e.meter and u.partition + 0 = p_partition)
      else (select t.quantity from meterd.total t where t.period = e.period and t.meter = e.meter and t.partition = p_partition) end,
    exists (
      select from meterd.total t where t.period = e.period and t.meter = e.meter and t.partition <> p_partition),
    meterd.told_limits(e.period, e.meter),
    -- The last level of each series, which a total is made of.
    case when e.aggregate = 'latest' then (
      select string_agg(concat_ws(' ', n.id, o.level_at, o.level_offset, o.level_place, o.quantity), ',')
      from meterd.series n
      cross join lateral (
        select r.level_at, r.level_offset, r.level_place, r.quantity from meterd.rollup r
        where r.series = n.id and r.window_start < e.ends_at
        order by r.window_start desc, r.level_at desc, r.level_offset desc, r.level_place desc, r.partition desc limit 1
      ) as o
      where n.tenant = k.tenant and n.meter = e.meter) end
  from unnest(p_tenants, p_windows) with ordinality as k (tenant, window_start, place)
  join meterd.partition l on l.id = p_partition
  cross join meterd.installation i
  cross join lateral (
    -- Periods are laid some weeks ahead: further than that nothing is known.
    select max(b.at) filter (where b.at <= k.window_start) as known_from,
      least(min(b.at) filter (where b.at > k.window_start), greatest(now() + interval '30 days', k.window_start + i.window_length)) as known_until
    from meterd.period p
    cross join lateral (values (p.starts_at), (p.ends_at)) as b (at)
    where p.tenant = k.tenant
  ) as r
  left join lateral (
    select * from meterd.limit_entry e
    where e.tenant = k.tenant and e.starts_at <= k.window_start and e.ends_at > k.window_start
    offset 0
  ) as e on true;
end
$$;

-- The same where all of it was reached, as nearly always: in one go. The caller holds the row of `limit_seq`, so nobody tells meanwhile.
create function meterd.tell_reached(p_partition integer, p_crossings jsonb, p_seq bigint) returns integer language plpgsql volatile as $$
declare
  told integer;
begin
  if p_partition is not null then
    insert into meterd.limit_review (period, meter, event_id, partition, "offset")
      select t.period, t.meter, t.event_id, p_partition, t."offset"
      from jsonb_to_recordset(p_crossings) as t (period bigint, meter integer, event_id text, "offset" bigint)
      join meterd.total_home h on h.period = t.period and h.meter = t.meter and h.is_shared;
  end if;
  with crossed as (
    select distinct on (t.period, t.meter, t.kind, t.total) e.place, t.*
    from jsonb_array_elements(p_crossings) with ordinality as e (entry, place)
    cross join lateral jsonb_to_record(e.entry) as t (
      period bigint, meter integer, plan integer, kind text, threshold numeric, total numeric, used numeric, limit_at numeric, mode text,
      event_id text, partition integer, "offset" bigint)
    where p_partition is null or not exists (
      select from meterd.total_home h where h.period = t.period and h.meter = t.meter and h.is_shared)
    order by t.period, t.meter, t.kind, t.total, e.place
  ), fresh as (
    insert into meterd.limit_event (
        seq, id, at, period, meter, tenant, subscription, plan, kind, threshold, total, used, limit_at, mode, period_start, period_end,
        event_id, partition, "offset", shadow)
      select p_seq + row_number() over (order by c.place), meterd.fresh_id(), clock_timestamp(), p.id, c.meter, p.tenant, p.subscription, c.plan,
        c.kind, c.threshold, c.total, c.used, c.limit_at, c.mode, p.starts_at, p.ends_at, c.event_id,
        case when c.event_id is not null then coalesce(p_partition, c.partition) end, c."offset", s.shadow
      from crossed c
      join meterd.period p on p.id = c.period
      join meterd.subscription s on s.id = p.subscription
      where not exists (
        select from meterd.limit_event o
        where o.period = c.period and o.meter = c.meter and o.kind = c.kind and o.total = c.total and not o.is_over
          and o.kind <> 'recovered')
      returning period, meter, kind
  ), late as (
    -- A period that is over says so when the one after it has begun already.
    insert into meterd.limit_review (period, meter)
      select n.id, f.meter
      from fresh f
      join meterd.period p on p.id = f.period and p.ends_at <= now()
      join meterd.period n on n.tenant = p.tenant and n.starts_at >= p.ends_at and n.starts_at <= now() and n.ends_at > now()
      where f.kind in ('limit', 'exceeded')
  )
  select count(*) into told from fresh;
  if told > 0 then
    update meterd.limit_seq set seq = p_seq + told;
    perform pg_notify('meterd_limits', '');
  end if;
  return told;
end
$$;

-- Tells what was crossed, in order: `reached` with a kind and a total, `recovered` with the kinds that are over, or `began` where a period ended
-- what an earlier one had told. A partition's own judgement counts only where it has the whole total; else it is looked at again.
create function meterd.tell_crossings(p_partition integer, p_crossings jsonb) returns integer language plpgsql volatile as $$
declare
  c record;
  told integer := 0;
  found_rows integer;
  last_seq bigint;
begin
  -- Whoever comes second waits here and nowhere else, and sees what the first has told.
  select q.seq into strict last_seq from meterd.limit_seq q for update;
  if not p_crossings @? '$[*] ? (@.kind == "recovered" || @.kind == "began" || @.kind == "went_on")' then
    return meterd.tell_reached(p_partition, p_crossings, last_seq);
  end if;
  for c in
    select t.*
    from jsonb_array_elements(p_crossings) with ordinality as e (entry, place)
    cross join lateral jsonb_to_record(e.entry) as t (
      period bigint, meter integer, plan integer, kind text, threshold numeric, total numeric, used numeric, limit_at numeric, mode text,
      event_id text, partition integer, "offset" bigint, ended text[])
    order by e.place
  loop
    if p_partition is not null and exists (
      select from meterd.total_home h where h.period = c.period and h.meter = c.meter and h.is_shared)
    then
      insert into meterd.limit_review (period, meter, event_id, partition, "offset")
        values (c.period, c.meter, c.event_id, p_partition, c."offset");
      continue;
    end if;
    found_rows := 1;
    if c.kind = 'recovered' then
      update meterd.limit_event e set is_over = true
        where e.period = c.period and e.meter = c.meter and e.kind = any (c.ended) and not e.is_over;
      get diagnostics found_rows = row_count;
    elsif c.kind in ('began', 'went_on') then
      update meterd.limit_event e set is_passed = true where e.seq in (select meterd.passed_limits(c.period, c.meter));
      get diagnostics found_rows = row_count;
    end if;
    continue when found_rows = 0 or c.kind = 'went_on';
    insert into meterd.limit_event (
        seq, id, at, period, meter, tenant, subscription, plan, kind, threshold, total, used, limit_at, mode, period_start, period_end,
        event_id, partition, "offset", shadow)
      select last_seq + told + 1, meterd.fresh_id(), clock_timestamp(), p.id, c.meter, p.tenant, p.subscription, c.plan,
        case c.kind when 'began' then 'recovered' else c.kind end, c.threshold, c.total, c.used, c.limit_at, c.mode,
        p.starts_at, p.ends_at, c.event_id, case when c.event_id is not null then coalesce(p_partition, c.partition) end, c."offset", s.shadow
      from meterd.period p
      join meterd.subscription s on s.id = p.subscription
      where p.id = c.period
      on conflict (period, meter, kind, total) where not is_over and kind <> 'recovered' do nothing;
    continue when not found;
    told := told + 1;
    if c.kind in ('limit', 'exceeded') then
      -- A period that is over says so when the one after it has begun already.
      insert into meterd.limit_review (period, meter)
        select n.id, c.meter
        from meterd.period p
        join meterd.period n on n.tenant = p.tenant and n.starts_at >= p.ends_at and n.starts_at <= now() and n.ends_at > now()
        where p.id = c.period;
    end if;
  end loop;
  if told > 0 then
    update meterd.limit_seq set seq = last_seq + told;
    perform pg_notify('meterd_limits', '');
  end if;
  return told;
end
$$;

-- Of a flush: what its partition told, and what it counted that others judge.
create function meterd.note_limits(p_partition integer, p_crossings text, p_reviewed text) returns void language plpgsql volatile as $$
begin
  if p_reviewed is not null then
    insert into meterd.limit_review (period, meter, event_id, partition, "offset")
      select t.period, t.meter, t.event_id, p_partition, t."offset"
      from jsonb_to_recordset(p_reviewed::jsonb) as t (period bigint, meter integer, event_id text, "offset" bigint);
  end if;
  if p_crossings is not null then perform meterd.tell_crossings(p_partition, p_crossings::jsonb); end if;
end
$$;

-- A lane that had not heard of the catalog's newest version judged by an older one. Whatever it counted for tenants whose limits have changed
-- since is looked at again.
create function meterd.changed_since(p_tenant text, p_version bigint) returns boolean language sql stable as $$
  select exists (select from meterd.tenant_change c where c.tenant = p_tenant and c.version > p_version)
    or p_version < (select v.version - 99 from meterd.catalog_version v)
$$;

create function meterd.review_flush(p_version bigint, p_series uuid[], p_windows timestamptz[]) returns void language sql volatile as $$
  insert into meterd.limit_review (period, meter)
    select distinct p.id, s.meter
    from unnest(p_series, p_windows) as d (series, window_start)
    join meterd.series s on s.id = d.series
    join meterd.period p on p.tenant = s.tenant and p.ends_at > d.window_start and p.starts_at <= d.window_start
    where meterd.changed_since(s.tenant, p_version)
$$;

-- What a lane told of such tenants is what somebody looks at, and not told.
create function meterd.divert_crossings(p_partition integer, p_version bigint, p_crossings text) returns text language plpgsql volatile as $$
declare
  stale bigint[];
begin
  if p_crossings is null then return null; end if;
  select array_agg(e.place) into stale
    from jsonb_array_elements(p_crossings::jsonb) with ordinality as e (entry, place)
    join meterd.period p on p.id = (e.entry ->> 'period')::bigint
    where meterd.changed_since(p.tenant, p_version);
  if stale is null then return p_crossings; end if;
  insert into meterd.limit_review (period, meter, event_id, partition, "offset")
    select (e.entry ->> 'period')::bigint, (e.entry ->> 'meter')::integer, e.entry ->> 'event_id', p_partition, (e.entry ->> 'offset')::bigint
    from jsonb_array_elements(p_crossings::jsonb) with ordinality as e (entry, place)
    where e.place = any (stale);
  return (
    select jsonb_agg(e.entry order by e.place)::text
    from jsonb_array_elements(p_crossings::jsonb) with ordinality as e (entry, place) where e.place <> all (stale));
end
$$;

-- What is due to be looked at, with all that it takes: the terms in force, if the meter is still judged, the total by all partitions, and
-- what was told.
create function meterd.due_reviews(p_limit integer)
returns table (
  ids bigint[], period bigint, meter integer, aggregate text, scale integer, plan integer, included numeric, mode text, at numeric,
  grace_percent numeric, warn_at jsonb, rate text, used numeric, told text, was_limited boolean, event_id text, partition integer,
  "offset" bigint
)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
  select d.ids, d.period, d.meter, m.aggregate, case m.aggregate when 'count' then 0 else m.scale end, p.plan, e.included, e.mode, e.at,
    e.grace_percent, e.warn_at, e.rate,
    coalesce(case when m.aggregate in ('count', 'sum')
      then (select sum(t.quantity) from meterd.total t where t.period = d.period and t.meter = d.meter)
      else (select a.quantity from meterd.period_amount a where a.period = d.period and a.meter_id = d.meter) end, 0),
    meterd.told_limits(d.period, d.meter), exists (select meterd.passed_limits(d.period, d.meter)),
    c.event_id, c.partition, c."offset"
  from (
    select array_agg(r.id) as ids, r.period, r.meter, max(r.id) filter (where r.event_id is not null) as cause
    from (
      select r.period, r.meter, min(r.id) as first
      from (select * from meterd.limit_review r where r.meter <> 0 order by r.id limit 20 * p_limit) as r
      group by r.period, r.meter order by first limit p_limit
    ) as k
    join meterd.limit_review r on r.period = k.period and r.meter = k.meter
    group by r.period, r.meter
  ) as d
  join meterd.meter m on m.id = d.meter
  -- A period that is gone is nobody's; its marks go, too.
  left join meterd.period_plan p on p.period = d.period
  left join meterd.limit_entry e on e.period = d.period and e.meter = d.meter
  left join meterd.limit_review c on c.id = d.cause;
end
$$;

-- After a look: what it told, and what it looked at. What was counted meanwhile is looked at again, and an integral when it will reach what is
-- next, if its levels stay; it is known up to the last commit, so that it may take some looks more.
create function meterd.finish_reviews(p_crossings text, p_ids bigint[], p_seen jsonb) returns integer language plpgsql volatile as $$
declare
  told integer := 0;
begin
  delete from meterd.limit_review r where r.id = any (p_ids);
  delete from meterd.limit_watch w using jsonb_to_recordset(p_seen) as t (period bigint, meter integer)
    where w.period = t.period and w.meter = t.meter;
  insert into meterd.limit_watch (period, meter, due_at)
    select t.period, t.meter, now() + make_interval(secs => coalesce(least(600, greatest(1, (t.next - t.used) / nullif(r.rate, 0) * 3600)), 10)::double precision)
    from jsonb_to_recordset(p_seen) as t (period bigint, meter integer, used numeric, next numeric)
    join meterd.meter m on m.id = t.meter and m.aggregate = 'time_weighted'
    join meterd.period p on p.id = t.period and p.ends_at > now()
    cross join lateral (select (extract(epoch from now()) * 1000000000)::bigint as at) as c
    cross join lateral (
      select coalesce(sum(l.level), 0) as rate, (
          -- A level that begins in a moment.
          select true from meterd.series n join meterd.level_sample s on s.series = n.id and s.at > c.at
          where n.tenant = p.tenant and n.meter = m.id limit 1) as is_ahead
      from meterd.series n
      cross join lateral (
        select s.level, s.at from meterd.level_sample s
        where s.series = n.id and s.at <= c.at order by s.at desc, s."offset" desc, s.place desc, s.partition desc limit 1
      ) as l
      where n.tenant = p.tenant and n.meter = m.id and (m.hold_nanoseconds is null or l.at + m.hold_nanoseconds > c.at)
    ) as r
    where t.next is not null and (r.rate > 0 or r.is_ahead)
    on conflict (period, meter) do update set due_at = excluded.due_at;
  if p_crossings is not null then told := meterd.tell_crossings(null, p_crossings::jsonb); end if;
  if told > 0 then
    insert into meterd.limit_review (period, meter)
      select t.period, t.meter
      from jsonb_to_recordset(p_seen) as t (period bigint, meter integer, used numeric)
      join meterd.meter m on m.id = t.meter and m.aggregate in ('count', 'sum')
      where t.used <> (select coalesce(sum(o.quantity), 0) from meterd.total o where o.period = t.period and o.meter = t.meter);
  end if;
  return told;
end
$$;

-- Notices of trials that are due, of all in the one case, else of those that fell due since: 7, 3 and 1 days before the end by the tenant's
-- calendar, and at the end.
create function meterd.tell_trials(p_subscriptions text[], p_since timestamptz) returns integer language sql volatile as $$
  select coalesce((
    select meterd.tell_crossings(null, jsonb_agg(jsonb_build_object(
      'period', n.period, 'meter', 0, 'plan', n.plan, 'kind', 'trial', 'threshold', n.days, 'total', extract(epoch from n.due_at)
    ) order by n.due_at))
    from (
      select p.period, p.plan, d.days, (p.ends_at at time zone t.time_zone - make_interval(days => d.days)) at time zone t.time_zone as due_at
      from meterd.period_plan p
      join meterd.period i on i.id = p.period and i.is_trial
      join meterd.tenant t on t.id = p.tenant
      cross join (values (7), (3), (1), (0)) as d (days)
      where i.ends_at > now() - interval '35 days' and i.ends_at < now() + interval '9 days'
        and (p_subscriptions is null or p.subscription = any (p_subscriptions))
        and (p_subscriptions is not null or i.ends_at >= p_since)
    ) as n
    join meterd.period p on p.id = n.period and n.due_at >= p.starts_at
    where n.due_at <= now() and (p_subscriptions is not null or n.due_at > p_since)
    having count(*) > 0), 0)
$$;

-- Meters of a period that are judged, or of which something was told that holds, here or in a period before.
create function meterd.judged_meters(p_period bigint) returns setof integer language sql stable as $$
  select e.meter from meterd.limit_entry e where e.period = p_period
  union
  select e.meter from meterd.limit_event e where e.period = p_period and e.meter <> 0 and not e.is_over
  union
  select e.meter from meterd.period p
  join meterd.limit_event e on e.tenant = p.tenant and e.kind in ('limit', 'exceeded') and not e.is_over and not e.is_passed
  where p.id = p_period
$$;

-- Marks what the clock has brought since it was last looked at: plans and add-ons that begin or end, and periods that begin. Told at once is
-- what is left of trials, also of those that a catalog has changed. Of several daemons one does it. Says how many notices it told.
create function meterd.mark_reviews() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  since timestamptz;
  changed text[];
  trials text[];
  number bigint;
begin
  select c.checked_at into since from meterd.limit_clock c for update skip locked;
  if not found or since >= now() then return 0; end if;
  changed := array(
    select c.subscription from meterd.subscription_change c where c.at > since and c.at <= now()
    union
    select a.subscription from meterd.subscription_addon a where a.starts_at > since and a.starts_at <= now()
    union
    select a.subscription from meterd.subscription_addon a where a.ends_at > since and a.ends_at <= now());
  if cardinality(changed) > 0 then
    -- Flushes that are on their way by what was known before are waited for; those behind see the version.
    perform pg_advisory_xact_lock(x'746F74616C73'::bigint);
    insert into meterd.limit_review (period, meter)
      select p.id, k.meter
      from meterd.period p
      cross join lateral meterd.judged_meters(p.id) as k (meter)
      where p.subscription = any (changed) and p.starts_at <= now() and p.ends_at > now();
    update meterd.catalog_version set version = version + 1, changed_at = now() returning version into strict number;
    insert into meterd.tenant_change (version, tenant)
      select distinct number, s.tenant from meterd.subscription s where s.id = any (changed);
    delete from meterd.tenant_change c where c.version <= number - 100;
    perform pg_notify('meterd_catalog', number::text);
  end if;
  insert into meterd.limit_review (period, meter)
    select p.id, k.meter
    from meterd.period p
    cross join lateral (
      select e.meter from meterd.limit_entry e where e.period = p.id and e.aggregate in ('latest', 'time_weighted')
      union
      select e.meter from meterd.limit_event e
      where e.tenant = p.tenant and e.kind in ('limit', 'exceeded') and not e.is_over and not e.is_passed
    ) as k
    where p.starts_at > since and p.starts_at <= now();
  with due as (
    update meterd.limit_watch w set due_at = now() + interval '10 minutes' where w.due_at <= now() returning w.period, w.meter
  )
  insert into meterd.limit_review (period, meter)
    select d.period, d.meter from due d join meterd.period p on p.id = d.period;
  update meterd.limit_clock set checked_at = now();
  with due as (
    delete from meterd.limit_review r where r.meter = 0 returning r.period
  )
  select array_agg(distinct p.subscription) into trials from due d join meterd.period p on p.id = d.period;
  return meterd.tell_trials(null, since) + case when trials is not null then meterd.tell_trials(trials, null) else 0 end;
end
$$;

-- Of a catalog that is applied: its subscriptions are looked at, and daemons ask again about their tenants, once `note_catalog` has given them
-- its version. Nothing is locked here that a flush waits for.
create function meterd.note_limit_changes(p_subscriptions text[], p_tenants text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into meterd.limit_review (period, meter)
    select p.id, k.meter
    from meterd.period p
    cross join lateral (
      select j.meter from meterd.judged_meters(p.id) as j (meter)
      union select 0 where p.is_trial
    ) as k
    where (p.subscription = any (p_subscriptions) or p.tenant = any (p_tenants)) and p.starts_at <= now() and p.ends_at > now() - interval '40 days';
  insert into meterd.tenant_change (version, tenant)
    select 0, t.tenant
    from (
      select s.tenant from meterd.subscription s where s.id = any (p_subscriptions)
      union select unnest(p_tenants)
    ) as t;
  delete from meterd.tenant_change c using meterd.catalog_version v where c.version > 0 and c.version <= v.version - 99;
end
$$;

-- Tenants of whom what is known may be wrong: for whom something has changed behind a version. Null: any.
create function meterd.changed_tenants(p_version bigint) returns table (version bigint, tenants text[]) language sql stable as $$
  select v.version, case when p_version >= v.version - 99 then array(
    select c.tenant from meterd.tenant_change c where c.version > p_version) end
  from meterd.catalog_version v
$$;

-- What tenants have used of what is limited in the present periods, what was last told of it, and when the limit will be reached at the present
-- rate. The rate is the median of what up to seven equal stretches of the last week brought, of as many windows each as fit, so that one
-- spike makes no forecast; of what adds up alone.
create function meterd.limit_state(p_tenant text, p_meter text)
returns table (
  tenant text, meter text, subscription text, plan_name text, plan_version integer, shadow boolean, starts_at timestamptz, ends_at timestamptz,
  scale integer, plan integer, included numeric, mode text, at numeric, grace_percent numeric, warn_at jsonb, rate text, used numeric,
  state text, reached_at timestamptz
)
language sql stable security definer set search_path = pg_catalog, pg_temp set jit = off as $$
  select e.tenant, m.name, e.subscription, l.name, l.version, e.shadow, e.starts_at, e.ends_at, e.scale, e.plan, e.included, e.mode, e.at,
    e.grace_percent, e.warn_at, e.rate, u.used, (
      select case v.kind when 'warning' then 'warning ' || trim_scale(v.threshold) else v.kind end
      from meterd.limit_event v
      where v.period = e.period and v.meter = e.meter and not v.is_over and v.kind <> 'recovered'
      order by v.total desc, v.seq desc limit 1),
    case when e.at > u.used and r.hourly > 0 and (e.at - u.used) / r.hourly < extract(epoch from e.ends_at - now()) / 3600
      then now() + make_interval(secs => ((e.at - u.used) / r.hourly * 3600)::double precision) end
  from meterd.limit_entry e
  join meterd.meter m on m.id = e.meter
  join meterd.plan l on l.id = e.plan
  cross join meterd.installation i
  cross join lateral (
    select coalesce((select a.quantity from meterd.period_amount a where a.period = e.period and a.meter_id = e.meter), 0) as used offset 0
  ) as u
  cross join lateral (
    select (percentile_disc(0.5) within group (order by w.quantity)) * 3600 / max(w.seconds) as hourly
    from (
      select g.n, g.seconds, coalesce(sum(r.quantity), 0) as quantity
      from (
        select n, b.last - make_interval(secs => (n + 1) * b.seconds) as since, b.last - make_interval(secs => n * b.seconds) as until, b.seconds
        from (
          select a.last, greatest(1, a.windows / 7) * a.length as seconds, least(7, a.windows) as stretches
          from (
            select f.last, f.length, (extract(epoch from f.last - greatest(f.first, f.last - interval '7 days')) / f.length)::integer as windows
            from (
              select extract(epoch from i.window_length) as length, min(o.window_start) as first,
                to_timestamp(floor(extract(epoch from now()) / extract(epoch from i.window_length)) * extract(epoch from i.window_length)) as last
              from meterd.series s
              cross join lateral (select min(r.window_start) as window_start from meterd.rollup r where r.series = s.id) as o
              where s.tenant = e.tenant and s.meter = e.meter
            ) as f
          ) as a
          where a.windows > 0
        ) as b
        cross join generate_series(0, b.stretches - 1) as n
      ) as g
      left join meterd.series s on s.tenant = e.tenant and s.meter = e.meter
      left join meterd.rollup r on r.series = s.id and r.window_start >= g.since and r.window_start < g.until and r.merge = 0
      group by g.n, g.seconds
    ) as w
    where e.aggregate in ('count', 'sum')
  ) as r
  where e.starts_at <= now() and e.ends_at > now() and (p_tenant is null or e.tenant = p_tenant) and (p_meter is null or m.name = p_meter)
  order by e.tenant, m.name, e.shadow, e.subscription
$$;
revoke execute on function meterd.limit_state, meterd.mark_reviews, meterd.note_limit_changes from public;

-- Limit events that were not told one after the other, or say of a total that it has reached what it has not.
create function meterd.limit_differences() returns table (subject text, problem text) language sql stable as $$
  select 'limit events', format('%s of them, the last is %s, and %s were told', count(e.seq), coalesce(max(e.seq), 0), max(q.seq))
    from meterd.limit_seq q left join meterd.limit_event e on true
    having count(e.seq) <> max(q.seq) or coalesce(max(e.seq), 0) <> max(q.seq)
  union all
  select 'limit event ' || e.seq, format('it says %s at %s, and is reached at %s', e.kind, e.used, e.total)
    from meterd.limit_event e
    where e.kind in ('warning', 'limit') and (e.used < e.total or e.used <= 0) or e.kind in ('exceeded', 'overage') and e.used <= e.total
$$;

create view meterd.all_limit_events as
  select e.seq, e.id, e.at, e.tenant, m.name as meter, e.kind, trim_scale(e.threshold) as threshold, trim_scale(e.used) as used,
    trim_scale(e.limit_at) as "limit", e.mode, l.name as plan, l.version as plan_version, e.subscription, e.period_start, e.period_end,
    e.event_id, p.topic, p.number as partition, e."offset", e.shadow
  from meterd.limit_event e
  join meterd.plan l on l.id = e.plan
  left join meterd.meter m on m.id = e.meter
  left join meterd.partition p on p.id = e.partition;

create view meterd.tenant_limit_events with (security_barrier) as
  select * from meterd.all_limit_events where tenant = meterd.shown_tenant();

create view meterd.limit_events as
  select * from meterd.all_limit_events where meterd.reads_all()
  union all
  select * from meterd.tenant_limit_events where not meterd.reads_all();

insert into meterd.permission (role, object, rights) values
  ('meterd_reader', 'meterd.limit_events', 'select'),
  ('meterd_tenant', 'meterd.limit_events', 'select'),
  ('meterd_writer', 'meterd.limit_events', 'select'),
  ('meterd_writer', 'meterd.all_limit_events', 'select'),
  ('meterd_writer', 'meterd.limit_topic', 'select, insert, update'),
  ('meterd_writer', 'meterd.limit_event', 'select, insert, update'),
  ('meterd_writer', 'meterd.limit_seq', 'select, update'),
  ('meterd_writer', 'meterd.limit_review', 'select, insert, delete'),
  ('meterd_writer', 'meterd.limit_clock', 'select, update'),
  ('meterd_writer', 'meterd.limit_watch', 'select, insert, update, delete'),
  ('meterd_writer', 'meterd.limit_entry', 'select'),
  ('meterd_writer', 'meterd.tenant_change', 'select'),
  ('meterd_writer', 'meterd.total_home', 'select, insert, update'),
  ('meterd_writer', 'meterd.period_amount', 'select'),
  ('meterd_writer', 'meterd.period_plan', 'select'),
  ('meterd_writer', 'function meterd.fresh_id', 'execute'),
  ('meterd_writer', 'function meterd.told_limits', 'execute'),
  ('meterd_writer', 'function meterd.passed_limits', 'execute'),
  ('meterd_writer', 'function meterd.limit_accounts', 'execute'),
  ('meterd_writer', 'function meterd.tell_crossings', 'execute'),
  ('meterd_writer', 'function meterd.tell_reached', 'execute'),
  ('meterd_writer', 'function meterd.note_limits', 'execute'),
  ('meterd_writer', 'function meterd.due_reviews', 'execute'),
  ('meterd_writer', 'function meterd.finish_reviews', 'execute'),
  ('meterd_writer', 'function meterd.tell_trials', 'execute'),
  ('meterd_writer', 'function meterd.mark_reviews', 'execute'),
  ('meterd_writer', 'function meterd.judged_meters', 'execute'),
  ('meterd_writer', 'function meterd.changed_since', 'execute'),
  ('meterd_writer', 'function meterd.review_flush', 'execute'),
  ('meterd_writer', 'function meterd.divert_crossings', 'execute'),
  ('meterd_writer', 'function meterd.note_limit_changes', 'execute'),
  ('meterd_reader', 'function meterd.limit_state', 'execute'),
  ('meterd_writer', 'function meterd.limit_state', 'execute'),
  ('meterd_writer', 'function meterd.limit_differences', 'execute'),
  ('meterd_writer', 'function meterd.changed_tenants', 'execute');
