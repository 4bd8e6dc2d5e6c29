-- Who may do what: three roles of the cluster, their rights as rows of a table, and views that show a tenant its own rows only.

-- A right of a role on an object, as GRANT spells it. Each file brings the rights on what it makes; `grant_access` makes them so.
create table meterd.permission (
  role text not null,
  object text not null,
  rights text not null,
  primary key (role, object)
);

-- Takes from the three roles and from everybody what they have in this schema, and grants what is written down. Says which roles are not
-- there: they belong to the cluster, and not everybody may make them. Without them nothing is lost but their rights.
create function meterd.grant_access() returns text[] language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  missing text[] := '{}';
  grantee text;
  allowed record;
begin
  revoke all on all routines in schema meterd from public;
  foreach grantee in array array['meterd_reader', 'meterd_tenant', 'meterd_writer'] loop
    if to_regrole(grantee) is null then
      begin
        execute format('create role %I nologin', grantee);
      exception
        when insufficient_privilege then
          missing := missing || grantee;
          continue;
        -- Another database of the cluster was quicker.
        when duplicate_object or unique_violation then null;
      end;
    end if;
    execute format('revoke all on all tables in schema meterd from %I', grantee);
    execute format('revoke all on all routines in schema meterd from %I', grantee);
    execute format('revoke all on schema meterd from %I', grantee);
    execute format('grant usage on schema meterd to %I', grantee);
    for allowed in select p.object, p.rights from meterd.permission p where p.role = grantee order by p.object loop
      execute format('grant %s on %s to %I', allowed.rights, allowed.object, grantee);
    end loop;
  end loop;
  return missing;
end
$$;

-- Whether one of the roles is not there or has no rights yet, and the one who asks may change that.
create function meterd.lacks_access() returns boolean language sql stable as $$
  select pg_has_role(current_user, n.nspowner, 'usage') and exists (
    select from unnest(array['meterd_reader', 'meterd_tenant', 'meterd_writer']) as r
    where case when to_regrole(r) is null then true else not has_schema_privilege(r, n.oid, 'usage') end)
  from pg_catalog.pg_namespace n where n.nspname = 'meterd'
$$;

-- Whether the one who asks may see every tenant: readers, the daemon, and whoever owns the schema. Anybody else is shown one tenant.
create function meterd.reads_all() returns boolean language sql stable as $$
  select coalesce(bool_or(pg_has_role(current_user, r.oid, 'usage')), false)
  from pg_catalog.pg_roles r
  where r.rolname in ('meterd_reader', 'meterd_writer')
    or r.oid = (select c.relowner from pg_catalog.pg_class c where c.oid = 'meterd.partition'::regclass)
$$;

-- The tenant whose rows are shown to who may not see all; null, and so nobody's, when none is named.
create function meterd.shown_tenant() returns text language sql stable as $$
  select nullif(current_setting('meterd.tenant', true), '')
$$;

-- The integral of a series' level by window, in level x hours, up to the last commit of the partitions that hold its samples; of all
-- windows, or of the windows from one number to another. A window that only carries a level has no events.
--
-- Functions in a view run with the rights of who reads it, so these two bring their own. A series is named by a keyed hash: who
-- cannot read the series cannot name one.
create function meterd.level_usage(
  p_series uuid, p_hold bigint, p_digits integer, p_window bigint, p_first bigint default null, p_last bigint default null
) returns table (window_start timestamptz, quantity numeric, events bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with clock as (
    -- Every sample came with a row in the rollup, of which there are fewer.
    select (max(extract(epoch from p.committed_at)) * 1000000)::bigint * 1000 as at
    from meterd.partition p
    where p.id in (select r.partition from meterd.rollup r where r.series = p_series)
  ), sample as (
    -- At one instant the last offset holds. Before the first window only the last sample matters.
    select distinct on (l.at) l.at, l.level from meterd.level_sample l
    where l.series = p_series
      and l.at >= coalesce((
        select max(e.at) from meterd.level_sample e where e.series = p_series and e.at < p_first * p_window), p_first * p_window, l.at)
      and (p_last is null or l.at < (p_last + 1) * p_window)
    order by l.at, l."offset" desc, l.place desc, l.partition desc
  ), span as (
    select greatest(s.at, p_first * p_window) as since, s.level,
      least(
        lead(s.at) over (order by s.at), s.at + p_hold, greatest(s.at, (select clock.at from clock)),
        (p_last + 1) * p_window) as until
    from sample s
  ), part as (
    select n, sum(span.level * (least(span.until, (n + 1) * p_window) - greatest(span.since, n * p_window))) as total
    from span, generate_series(
      meterd.window_number(span.since, p_window), meterd.window_number(span.until - 1, p_window)) as n
    where span.until > span.since
    group by n
  ), seen as (
    select meterd.window_number(l.at, p_window) as n, count(*) as events
    from meterd.level_sample l
    where l.series = p_series and l.at >= coalesce(p_first * p_window, l.at)
      and (p_last is null or l.at < (p_last + 1) * p_window)
    group by 1
  )
  select to_timestamp(coalesce(part.n, seen.n) * (p_window / 1000000000)),
    meterd.half_even(coalesce(part.total, 0), 3600000000000, p_digits), coalesce(seen.events, 0)
  from part full join seen on seen.n = part.n
$$;

-- How many values a series had in a window, over partitions: the union, thinned to the highest level among them.
create function meterd.distinct_values(p_series uuid, p_window timestamptz) returns numeric
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select count(distinct v.value)::numeric * (1::bigint << level.bits::integer)
  from (select max(level_at) as bits from meterd.rollup where series = p_series and window_start = p_window) as level
  left join meterd.distinct_value v
    on v.series = p_series and v.window_start = p_window and meterd.is_kept(v.value, level.bits)
  group by level.bits
$$;

-- What adds up in the rollups of a series and window, over partitions.
create view meterd.summed_usage as
  select s.id as series, s.tenant, m.name as meter, s.dimensions, r.window_start,
    r.window_start + (select i.window_length from meterd.installation i) as window_end,
    trim_scale(case r.merge
      when 0 then sum(r.quantity)
      when 1 then max(r.quantity)
      when 2 then min(r.quantity)
      when 3 then (array_agg(r.quantity order by r.level_at desc, r.level_offset desc, r.level_place desc, r.partition desc))[1]
      else case count(*)
        when 1 then max(r.quantity) * (1::bigint << max(r.level_at)::integer)
        else meterd.distinct_values(s.id, r.window_start) end
    end) as quantity, sum(r.events)::bigint as events, r.merge = 4 and max(r.level_at) > 0 as approximate
  from meterd.rollup r
  join meterd.series s on s.id = r.series
  join meterd.meter m on m.id = s.meter
  where r.merge <> 5
  group by s.id, s.tenant, m.name, s.dimensions, r.window_start, r.merge;

-- Usage by series: the view `usage` before it is known who looks at it.
create view meterd.series_usage as
  select * from meterd.summed_usage
  union all
  select s.id, s.tenant, m.name, s.dimensions, w.window_start, w.window_start + i.window_length, w.quantity, w.events, false
  from meterd.series s
  join meterd.meter m on m.id = s.meter and m.aggregate = 'time_weighted'
  cross join meterd.installation i
  cross join lateral meterd.level_usage(
    s.id, m.hold_nanoseconds, m.scale, (extract(epoch from i.window_length) * 1000000000)::bigint) as w;

-- One tenant's rows. A barrier: no function of the reader's looks at a row before it is known to be the tenant's.
create view meterd.tenant_usage with (security_barrier) as
  select * from meterd.series_usage where tenant = meterd.shown_tenant();

create view meterd.usage as
  select tenant, meter, dimensions, window_start, window_end, quantity, events, approximate
  from meterd.series_usage where meterd.reads_all()
  union all
  select tenant, meter, dimensions, window_start, window_end, quantity, events, approximate
  from meterd.tenant_usage where not meterd.reads_all();

create view meterd.all_conflicts as
  select c.tenant, c.source, c.event_id, p.topic, p.number as partition, c.first_offset, c."offset", c.seen_at
  from meterd.conflicting c
  join meterd.partition p on p.id = c.partition;

create view meterd.tenant_conflicts with (security_barrier) as
  select * from meterd.all_conflicts where tenant = meterd.shown_tenant();

create view meterd.conflicts as
  select * from meterd.all_conflicts where meterd.reads_all()
  union all
  select * from meterd.tenant_conflicts where not meterd.reads_all();

insert into meterd.permission (role, object, rights) values
  ('meterd_reader', 'function meterd.reads_all', 'execute'),
  ('meterd_reader', 'function meterd.shown_tenant', 'execute'),
  ('meterd_reader', 'function meterd.distinct_values', 'execute'),
  ('meterd_reader', 'function meterd.level_usage', 'execute'),
  ('meterd_reader', 'meterd.usage', 'select'),
  ('meterd_reader', 'meterd.conflicts', 'select'),
  ('meterd_reader', 'meterd.quarantine', 'select'),
  ('meterd_reader', 'meterd.progress', 'select'),
  ('meterd_reader', 'meterd.accounting', 'select'),
  ('meterd_reader', 'meterd.audit', 'select'),

  ('meterd_tenant', 'function meterd.reads_all', 'execute'),
  ('meterd_tenant', 'function meterd.shown_tenant', 'execute'),
  ('meterd_tenant', 'function meterd.distinct_values', 'execute'),
  ('meterd_tenant', 'function meterd.level_usage', 'execute'),
  ('meterd_tenant', 'meterd.usage', 'select'),
  ('meterd_tenant', 'meterd.conflicts', 'select'),

  ('meterd_writer', 'function meterd.lacks_access', 'execute'),
  ('meterd_writer', 'function meterd.reads_all', 'execute'),
  ('meterd_writer', 'function meterd.shown_tenant', 'execute'),
  ('meterd_writer', 'function meterd.distinct_values', 'execute'),
  ('meterd_writer', 'function meterd.level_usage', 'execute'),
  ('meterd_writer', 'function meterd.is_kept', 'execute'),
  ('meterd_writer', 'function meterd.window_number', 'execute'),
  ('meterd_writer', 'function meterd.stored_sums', 'execute'),
  ('meterd_writer', 'function meterd.recent_sums', 'execute'),
  ('meterd_writer', 'function meterd.sweep_identities', 'execute'),
  ('meterd_writer', 'function meterd.lift_halt', 'execute'),
  ('meterd_writer', 'function meterd.audit_hash', 'execute'),
  ('meterd_writer', 'procedure meterd.apply', 'execute'),
  ('meterd_writer', 'meterd.migration', 'select'),
  ('meterd_writer', 'meterd.installation', 'select, update (window_length)'),
  ('meterd_writer', 'meterd.partition', 'select, insert (topic, number), update'),
  ('meterd_writer', 'meterd.meter', 'select, insert'),
  ('meterd_writer', 'meterd.series', 'select, insert'),
  ('meterd_writer', 'meterd.rollup', 'select, insert, update'),
  ('meterd_writer', 'meterd.level_sample', 'select, insert, update (level)'),
  ('meterd_writer', 'meterd.distinct_value', 'select, insert, delete'),
  ('meterd_writer', 'meterd.identity_page', 'select, insert'),
  ('meterd_writer', 'meterd.quarantined', 'select, insert'),
  ('meterd_writer', 'meterd.conflicting', 'select, insert'),
  ('meterd_writer', 'meterd.journal', 'select, insert'),
  ('meterd_writer', 'meterd.audit_entry', 'select'),
  ('meterd_writer', 'meterd.audit_head', 'select'),
  ('meterd_writer', 'meterd.usage', 'select'),
  ('meterd_writer', 'meterd.conflicts', 'select'),
  ('meterd_writer', 'meterd.quarantine', 'select'),
  ('meterd_writer', 'meterd.progress', 'select'),
  ('meterd_writer', 'meterd.accounting', 'select'),
  ('meterd_writer', 'meterd.audit', 'select');
