-- Usage periods, and what was counted in each. Where periods begin and end is worked out by the program, from the zone database of the
-- system it runs on, some time ahead. One that has opened never moves, whatever becomes of clocks: it may only end with its subscription, go
-- on to its own end where the subscription does after all, or last longer where it is a trial that is extended.
create table meterd.period (
  id bigint generated always as identity primary key,
  subscription text collate "C" not null,
  tenant text collate "C" not null,
  number integer not null,
  is_trial boolean not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > starts_at),
  -- Whether it ends only because its subscription does.
  is_cut boolean not null default false,
  -- Whether its totals hold what was counted before it was here, or stood where it stands.
  is_filled boolean not null default false,
  -- Only within the transaction that takes it away.
  is_gone boolean not null default false,
  constraint period_subscription_number_key unique (subscription, number)
);
create index period_tenant on meterd.period (tenant, ends_at);
create index period_unfilled on meterd.period (id) where not is_filled;

-- What adds up in a period, by meter; a quantity is null for meters that do not add up. As with rollups, each partition has rows of its
-- own. They are committed with the rollups and are their sums: a foreign key would be asked about for every row.
create table meterd.total (
  period bigint not null,
  meter integer not null,
  partition integer not null,
  quantity numeric,
  events bigint not null,
  primary key (period, meter, partition)
) with (fillfactor = 80);

-- Which partition counted first for a total, and whether others do, too: then none of them can judge it alone. Whoever comes second waits for
-- the first.
create table meterd.total_home (
  period bigint not null,
  meter integer not null,
  partition integer not null,
  is_shared boolean not null default false,
  primary key (period, meter)
);
create index total_home_shared on meterd.total_home (period, meter) where is_shared;

-- Adds a flush to the totals of the periods it falls into. The lock is shared by all flushes and held until their commits: periods are
-- filled while none is on its way, so that each flush is either among what they are filled from, or finds them.
create function meterd.add_totals(
  p_partition integer, p_series uuid[], p_windows timestamptz[], p_quantities numeric[], p_events bigint[], p_merges integer[]
) returns void language plpgsql volatile as $$
declare
  touched record;
begin
  perform pg_advisory_xact_lock_shared(x'746F74616C73'::bigint);
  if not exists (select from meterd.period) then return; end if;
  with added as (
    insert into meterd.total as t (period, meter, partition, quantity, events)
    select p.id, s.meter, p_partition, sum(d.quantity) filter (where d.merge = 0), sum(d.events)
    from unnest(p_series, p_windows, p_quantities, p_events, p_merges) as d (series, window_start, quantity, events, merge)
    join meterd.series s on s.id = d.series
    -- By both bounds, whatever PostgreSQL knows of the table: a tenant has many periods.
    cross join lateral (
      select p.id from meterd.period p
      where p.tenant = s.tenant and p.ends_at > d.window_start and p.starts_at <= d.window_start offset 0
    ) as p
    group by p.id, s.meter
    order by p.id, s.meter
    on conflict (period, meter, partition) do update set quantity = t.quantity + excluded.quantity, events = t.events + excluded.events
    returning t.period, t.meter, t.xmax = 0 as is_new
  ), placed as (
    insert into meterd.total_home as h (period, meter, partition)
      select a.period, a.meter, p_partition from added a where a.is_new order by a.period, a.meter
      on conflict (period, meter) do update set is_shared = true where h.partition <> excluded.partition and not h.is_shared
  )
  select array_agg(a.period) as periods, array_agg(a.meter) as meters into touched from added a;
  if exists (select from meterd.total_home h where h.is_shared) then
    insert into meterd.limit_review (period, meter)
      select t.period, t.meter
      from unnest(touched.periods, touched.meters) as t (period, meter)
      join meterd.total_home h on h.period = t.period and h.meter = t.meter and h.is_shared
      where t.meter in (select e.meter from meterd.plan_entry e where e.limit_mode is not null or jsonb_array_length(e.warn_at) > 0);
  end if;
end
$$;

-- Fills the totals of new and of moved periods from the rollups, and takes those of periods away that are gone. The caller commits in the
-- same message, since all flushes wait. Nothing was counted behind the newest window; the rows of a series are fetched by its key,
-- whatever PostgreSQL knows of the tables.
create function meterd.fill_totals() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  told record;
begin
  if not exists (select from meterd.period p where not p.is_filled) then return; end if;
  perform pg_advisory_xact_lock(x'746F74616C73'::bigint);
  delete from meterd.total t using meterd.period p where p.id = t.period and not p.is_filled;
  delete from meterd.total_home h using meterd.period p where p.id = h.period and not p.is_filled;
  delete from meterd.limit_review r using meterd.period p where p.id = r.period and p.is_gone;
  delete from meterd.limit_watch w using meterd.period p where p.id = w.period and p.is_gone;
  delete from meterd.period p where not p.is_filled and p.is_gone;
  insert into meterd.total (period, meter, partition, quantity, events)
    select p.id, s.meter, r.partition, sum(r.quantity), sum(r.events)
    from meterd.period p
    join meterd.series s on s.tenant = p.tenant
    cross join lateral (
      select r.partition, sum(r.quantity) filter (where r.merge = 0) as quantity, sum(r.events) as events
      from meterd.rollup r where r.series = s.id and r.window_start >= p.starts_at and r.window_start < p.ends_at
      group by r.partition offset 0
    ) as r
    where not p.is_filled and p.starts_at <= (select max(l.newest_window) from meterd.partition l)
    group by p.id, s.meter, r.partition;
  insert into meterd.total_home (period, meter, partition, is_shared)
    select t.period, t.meter, min(t.partition), count(*) > 1
    from meterd.total t join meterd.period p on p.id = t.period and not p.is_filled
    group by t.period, t.meter;
  -- What is told by `changes_since`: one window of each meter, with which its total comes.
  select array_agg(w.series) as series, array_agg(w.window_start) as windows into told
    from (
      select distinct on (p.id, s.meter) s.id as series, r.window_start
      from meterd.period p
      join meterd.series s on s.tenant = p.tenant
      cross join lateral (
        select r.window_start from meterd.rollup r where r.series = s.id and r.window_start >= p.starts_at and r.window_start < p.ends_at
        order by r.window_start desc limit 1
      ) as r
      where not p.is_filled
      order by p.id, s.meter
    ) as w;
  if told.series is not null then perform meterd.note_changes(meterd.change_position(), told.series, told.windows); end if;
  update meterd.period p set is_filled = true where not p.is_filled;
end
$$;
revoke execute on function meterd.fill_totals from public;

-- How far back periods are wanted: two years, or as far as anything was counted, or may yet be. An event is late by its record's time and not by
-- the clock, so a log of long ago may bring windows that are older still; their periods are laid when they are there.
create function meterd.periods_since(p_past interval) returns timestamptz language sql stable as $$
  select least(now() - greatest(p_past, interval '750 days'), min((
    select min(r.window_start) from meterd.rollup r where r.partition = p.id))) - interval '1 day'
  from meterd.partition p
$$;

-- What periods come from: of some subscriptions and those of some tenants, or, without names, of those behind `p_after` that have too few
-- periods.
create function meterd.period_terms(
  p_subscriptions text[], p_tenants text[], p_after text, p_past interval, p_window bigint, p_limit integer
) returns table (
  subscription text, time_zone text, starts_at bigint, ends_at bigint, plan_trial text, trial text, window_seconds bigint,
  since bigint, until bigint, present bigint, opened text
)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with reach as materialized (
    select meterd.periods_since(p_past) as since
  ), named as (
    select s.* from meterd.subscription s
    where s.id = any (p_subscriptions) or s.tenant = any (p_tenants)
    union all
    select s.* from meterd.subscription s
    cross join reach
    left join lateral (
      select min(p.starts_at) as first, max(p.ends_at) as last from meterd.period p where p.subscription = s.id
    ) as p on true
    where p_after is not null and s.id > p_after and s.starts_at < now() + interval '40 days'
      and (s.ends_at is null or s.ends_at > reach.since)
      and (p.last is null or p.last <= now() + interval '40 days' and p.last is distinct from s.ends_at
        or p.first > greatest(s.starts_at, reach.since))
  )
  select s.id, t.time_zone, extract(epoch from s.starts_at)::bigint, extract(epoch from s.ends_at)::bigint, l.content ->> 'trial', s.trial,
    case when exists (select from meterd.rollup) then extract(epoch from i.window_length)::bigint else p_window end,
    extract(epoch from g.since)::bigint, extract(epoch from now() + interval '62 days')::bigint, extract(epoch from now())::bigint, (
      select string_agg(concat_ws(' ', p.number, extract(epoch from p.starts_at)::bigint, extract(epoch from p.ends_at)::bigint,
        p.is_trial::integer, p.is_cut::integer), ',' order by p.number)
      from meterd.period p where p.subscription = s.id and p.starts_at <= now())
  from named s
  join meterd.tenant t on t.id = s.tenant
  join meterd.plan l on l.id = s.plan
  cross join meterd.installation i
  cross join reach as g
  order by s.id
  limit p_limit
$$;
revoke execute on function meterd.period_terms from public;

-- Makes the periods of some subscriptions so; those of theirs that are not named and have not opened, or begin behind the subscription's
-- end, are gone. Nothing is written here that a flush looks at: it would wait for the client. Totals are set right by `fill_totals`.
create function meterd.set_periods(p_subscriptions text[], p_periods jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- Other terms, such as another plan: what is open now is told again.
  update meterd.period p set is_filled = false
    where p.subscription = any (p_subscriptions) and p.starts_at <= now() and p.ends_at > now();
  update meterd.period p set is_gone = true, is_filled = false
    from meterd.subscription s
    where s.id = p.subscription and s.id = any (p_subscriptions)
      and (p.starts_at > now() or p.starts_at >= s.ends_at or p.starts_at < s.starts_at)
      and not exists (
        select from jsonb_to_recordset(p_periods) as d (subscription text, number integer)
        where d.subscription = p.subscription and d.number = p.number);
  insert into meterd.period as p (subscription, tenant, number, is_trial, starts_at, ends_at, is_cut)
    select s.id, s.tenant, d.number, d.is_trial, to_timestamp(d.starts_at), to_timestamp(d.ends_at), d.is_cut
    from jsonb_to_recordset(p_periods)
      as d (subscription text, number integer, is_trial boolean, starts_at bigint, ends_at bigint, is_cut boolean)
    join meterd.subscription s on s.id = d.subscription
    on conflict on constraint period_subscription_number_key do update set
      tenant = excluded.tenant, is_trial = excluded.is_trial, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
      is_cut = excluded.is_cut, is_filled = false
      where (p.tenant, p.is_trial, p.starts_at, p.ends_at, p.is_cut)
        is distinct from (excluded.tenant, excluded.is_trial, excluded.starts_at, excluded.ends_at, excluded.is_cut);
end
$$;
revoke execute on function meterd.set_periods from public;

-- What has an amount in a period: every meter that counted in it, and every level that goes on in it.
create view meterd.period_meter as
  select p.id as period, k.meter
  from meterd.period p
  cross join lateral (
    select t.meter from meterd.total t where t.period = p.id
    union
    select s.meter from meterd.series s
    join meterd.meter m on m.id = s.meter and m.aggregate in ('latest', 'time_weighted')
    where s.tenant = p.tenant and p.starts_at <= now()
      and exists (select from meterd.rollup r where r.series = s.id and r.window_start < p.ends_at)
  ) as k;

-- A plan's terms are those in force now, or at the end of a period that is over. What does not add up is worked out from the windows: an
-- extreme over all events, a level from the last one known before, values as one set that is thinned to the highest level among them, an
-- integral as the sum of what the windows show. All of it stands here and not in functions, which would have to know who asks.
create view meterd.period_amount as
  select p.id as period, m.id as meter_id, s.shadow, p.tenant, m.name as meter, p.subscription, l.name as plan, l.version as plan_version, p.starts_at as period_start,
    p.ends_at as period_end, trim_scale(q.quantity) as quantity, trim_scale(g.included) as included,
    case when e.limit_mode is not null then trim_scale(e.limit_at + x.extra) end as limit_at, e.limit_mode,
    case when g.included is not null then trim_scale(greatest(q.quantity - g.included, 0)) end as overage, case when p.ends_at > now() then 'open' else 'closing' end as state
  from meterd.period_meter k
  join meterd.period p on p.id = k.period
  join meterd.subscription s on s.id = p.subscription
  join meterd.meter m on m.id = k.meter
  cross join (
    select i.window_length, (extract(epoch from i.window_length) * 1000000000)::bigint as length from meterd.installation i
  ) as i
  cross join lateral (select greatest(p.starts_at, least(now(), p.ends_at - interval '1 microsecond')) as at) as f
  join meterd.plan l on l.id = coalesce((
    select c.plan from meterd.subscription_change c where c.subscription = p.subscription and c.at <= f.at order by c.at desc limit 1), s.plan)
  left join meterd.plan_entry e on e.plan = l.id and e.meter = k.meter
  cross join lateral (
    select coalesce(sum((a.content ->> 'included')::numeric * b.quantity), 0) as extra
    from meterd.subscription_addon b
    join meterd.addon a on a.id = b.addon and a.content ->> 'meter' = m.name
    where b.subscription = p.subscription and b.starts_at <= f.at and (b.ends_at is null or b.ends_at > f.at)
  ) as x
  cross join lateral (select case when e.included is not null or x.extra > 0 then coalesce(e.included, 0) + x.extra end as included) as g
  cross join lateral (
    select case
      when m.aggregate in ('max', 'min') then (
        select case m.aggregate when 'max' then max(r.quantity) else min(r.quantity) end
        from meterd.series n
        join meterd.rollup r on r.series = n.id and r.window_start >= p.starts_at and r.window_start < p.ends_at
        where n.tenant = p.tenant and n.meter = m.id)
      when m.aggregate = 'latest' then (
        select sum(o.quantity)
        from meterd.series n
        cross join lateral (
          select r.quantity from meterd.rollup r where r.series = n.id and r.window_start < p.ends_at
          order by r.window_start desc, r.level_at desc, r.level_offset desc, r.level_place desc, r.partition desc limit 1
        ) as o
        where n.tenant = p.tenant and n.meter = m.id)
      when m.aggregate = 'unique' then (
        with kept as (
          select r.series, r.window_start, r.partition, r.level_at
          from meterd.series n
          join meterd.rollup r on r.series = n.id and r.window_start >= p.starts_at and r.window_start < p.ends_at
          where n.tenant = p.tenant and n.meter = m.id
        ), level as (
          select coalesce(max(kept.level_at), 0) as bits from kept
        )
        select count(distinct v.value)::numeric * (1::bigint << (select bits from level)::integer)
        from kept
        join meterd.distinct_value v
          on v.series = kept.series and v.window_start = kept.window_start and v.partition = kept.partition
        where meterd.is_kept(v.value, (select bits from level)))
      when m.aggregate = 'time_weighted' then (
        select sum(u.quantity)
        from meterd.series n
        cross join lateral meterd.level_usage(
          n.id, m.hold_nanoseconds, m.scale, i.length, (extract(epoch from p.starts_at) * 1000000000)::bigint / i.length,
          (extract(epoch from p.ends_at) * 1000000000)::bigint / i.length - 1) as u
        where n.tenant = p.tenant and n.meter = m.id)
      else (select sum(t.quantity) from meterd.total t where t.period = p.id and t.meter = m.id) end as quantity
    -- Worked out once, wherever it is used.
    offset 0
  ) as q
  where q.quantity is not null;

create view meterd.all_period_usage as
  select tenant, meter, subscription, plan, plan_version, period_start, period_end, quantity, included, limit_at, limit_mode, overage, state
  from meterd.period_amount where not shadow;

create view meterd.tenant_period_usage with (security_barrier) as
  select * from meterd.all_period_usage where tenant = meterd.shown_tenant();

create view meterd.period_usage as
  select * from meterd.all_period_usage where meterd.reads_all()
  union all
  select * from meterd.tenant_period_usage where not meterd.reads_all();

-- Periods that do not follow each other, and totals that are not the sums of the rollups.
create function meterd.total_differences() returns table (subject text, problem text) language sql stable as $$
  select 'subscription ' || p.subscription, format('its period %s begins at %s, the one before ends at %s', p.number, p.starts_at, p.before)
    from (
      select p.*, lag(p.ends_at) over w as before, lag(p.number) over w as last
      from meterd.period p window w as (partition by p.subscription order by p.number)
    ) as p
    where p.before <> p.starts_at or p.last + 1 <> p.number
  union all
  select 'subscription ' || p.subscription, format('the totals of its period %s were never filled', p.number)
    from meterd.period p where not p.is_filled
  union all
  select coalesce(
      p.tenant || ' ' || m.name || ' in period ' || p.number || ' of ' || p.subscription, 'total of period ' || d.period),
    format('the total of partition %s is %s in %s events, the rollups hold %s in %s', d.partition,
      coalesce(d.quantity::text, 'none'), coalesce(d.events, 0), coalesce(d.wanted::text, 'none'), coalesce(d.wanted_events, 0))
    from (
      select coalesce(t.period, w.period) as period, coalesce(t.meter, w.meter) as meter, coalesce(t.partition, w.partition) as partition,
        t.quantity, t.events, w.quantity as wanted, w.events as wanted_events
      from meterd.total t
      full join (
        select p.id as period, s.meter, r.partition, sum(r.quantity) filter (where r.merge = 0) as quantity, sum(r.events) as events
        from meterd.period p
        join meterd.series s on s.tenant = p.tenant
        join meterd.rollup r on r.series = s.id and r.window_start >= p.starts_at and r.window_start < p.ends_at
        where p.is_filled
        group by p.id, s.meter, r.partition
      ) as w on w.period = t.period and w.meter = t.meter and w.partition = t.partition
      where t.quantity is distinct from w.quantity or t.events is distinct from w.events
    ) as d
    left join meterd.period p on p.id = d.period
    left join meterd.meter m on m.id = d.meter
  union all
  select 'total of meter ' || coalesce(t.meter, h.meter) || ' in period ' || coalesce(t.period, h.period),
    format('%s partitions count for it, %s', coalesce(t.count, 0),
      case h.is_shared when true then 'and it is said to be shared' when false then 'and it is said to be one''s own' else 'and nobody says so' end)
    from (select o.period, o.meter, count(*) as count from meterd.total o group by o.period, o.meter) as t
    full join meterd.total_home h on h.period = t.period and h.meter = t.meter
    where h.is_shared is distinct from (t.count > 1)
$$;

insert into meterd.permission (role, object, rights) values
  ('meterd_reader', 'function meterd.is_kept', 'execute'),
  ('meterd_reader', 'meterd.period_usage', 'select'),
  ('meterd_tenant', 'function meterd.is_kept', 'execute'),
  ('meterd_tenant', 'meterd.period_usage', 'select'),
  ('meterd_writer', 'meterd.period_usage', 'select'),
  ('meterd_writer', 'meterd.period', 'select'),
  ('meterd_writer', 'meterd.total', 'select, insert, update'),
  ('meterd_writer', 'function meterd.add_totals', 'execute'),
  ('meterd_writer', 'function meterd.fill_totals', 'execute'),
  ('meterd_writer', 'function meterd.period_terms', 'execute'),
  ('meterd_writer', 'function meterd.set_periods', 'execute'),
  ('meterd_writer', 'function meterd.total_differences', 'execute');
