-- The catalog behind the meters. `meterd apply` writes it, everything or nothing, one at a time; its version moves with each change, and
-- whoever listens to `meterd_catalog` hears of it.
create table meterd.catalog_version (
  single boolean primary key default true check (single),
  version bigint not null,
  changed_at timestamptz not null default now()
);
insert into meterd.catalog_version (version) values (0);

-- A version of a plan. Once a subscription has named it, it never changes, also when no subscription does so any more: what was billed
-- rests on it. Decimals in it are JSON's numbers, which are exact here.
create table meterd.plan (
  id integer generated always as identity primary key,
  name text collate "C" not null,
  version integer not null,
  content jsonb not null,
  is_used boolean not null default false,
  unique (name, version)
);

create table meterd.addon (
  id integer generated always as identity primary key,
  name text collate "C" not null,
  version integer not null,
  content jsonb not null,
  is_used boolean not null default false,
  unique (name, version)
);

create table meterd.tenant (
  id text collate "C" primary key,
  name text not null,
  status text collate "C" not null check (status in ('active', 'suspended', 'closed')),
  time_zone text collate "C" not null
);

create table meterd.subscription (
  id text collate "C" primary key,
  tenant text collate "C" not null references meterd.tenant,
  plan integer not null references meterd.plan,
  cycle text collate "C" not null check (cycle in ('monthly', 'yearly')),
  starts_at timestamptz not null,
  ends_at timestamptz check (ends_at > starts_at),
  -- As it was written, `14d` or `36h`: days go by the tenant's calendar.
  trial text collate "C",
  shadow boolean not null
);
create index subscription_tenant on meterd.subscription (tenant);
create index subscription_plan on meterd.subscription (plan);

-- At most one subscription of a tenant that is no shadow is in force at an instant: those that break this, in pairs.
create function meterd.overlapping_subscriptions() returns table (one text, other text) language sql stable as $$
  select s.id, s.next
  from (
    select s.id, s.ends_at, lead(s.id) over w as next, lead(s.starts_at) over w as next_starts_at
    from meterd.subscription s where not s.shadow
    window w as (partition by s.tenant order by s.starts_at, s.id)
  ) as s
  where s.next is not null and (s.ends_at is null or s.ends_at > s.next_starts_at)
$$;

create table meterd.subscription_change (
  subscription text collate "C" not null references meterd.subscription on delete cascade,
  at timestamptz not null,
  plan integer not null references meterd.plan,
  primary key (subscription, at)
);
create index subscription_change_plan on meterd.subscription_change (plan);

create table meterd.subscription_addon (
  subscription text collate "C" not null references meterd.subscription on delete cascade,
  place integer not null,
  addon integer not null references meterd.addon,
  quantity integer not null check (quantity > 0),
  starts_at timestamptz not null,
  ends_at timestamptz check (ends_at > starts_at),
  primary key (subscription, place)
);
create index subscription_addon_addon on meterd.subscription_addon (addon);

-- What a plan says of each meter.
create view meterd.plan_entry as
  select p.id as plan, e.place::integer as place, m.id as meter, m.name as meter_name,
    (e.entry ->> 'included')::numeric as included,
    e.entry #>> '{limit,mode}' as limit_mode,
    coalesce(e.entry #>> '{limit,at}', e.entry ->> 'included')::numeric as limit_at,
    coalesce((e.entry #>> '{limit,grace_percent}')::numeric, 0) as grace_percent,
    coalesce(e.entry #>> '{limit,rate}', '') as rate,
    e.entry -> 'warn_at' as warn_at, e.entry -> 'price' as price
  from meterd.plan p
  cross join lateral jsonb_array_elements(p.content -> 'usage') with ordinality as e (entry, place)
  join meterd.meter m on m.name = e.entry ->> 'meter';

-- Whether a meter is bound by what rests on it.
create function meterd.is_meter_used(p_meter meterd.meter) returns boolean language sql stable as $$
  select exists (select from meterd.series s where s.meter = p_meter.id)
    or exists (select from meterd.plan_entry e where e.meter = p_meter.id)
    or exists (select from meterd.addon a where a.content ->> 'meter' = p_meter.name)
$$;

-- The first field, by name, in which two objects differ.
create function meterd.differing_field(p_one jsonb, p_other jsonb) returns text language sql immutable as $$
  select coalesce(a.key, b.key) from jsonb_each(p_one) a full join jsonb_each(p_other) b using (key)
  where a.value is distinct from b.value order by 1 limit 1
$$;

-- The version of a plan or an add-on that is meant: the newest one where none is named.
create function meterd.find_plan(p_name text, p_version integer) returns integer language sql stable as $$
  select p.id from meterd.plan p where p.name = p_name and (p_version is null or p.version = p_version)
  order by p.version desc limit 1
$$;

create function meterd.find_addon(p_name text, p_version integer) returns integer language sql stable as $$
  select a.id from meterd.addon a where a.name = p_name and (p_version is null or a.version = p_version)
  order by a.version desc limit 1
$$;

-- A meter and a subscription as the catalog's document says them.
create function meterd.meter_content(p_meter meterd.meter) returns jsonb language sql stable as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'name', p_meter.name, 'event', p_meter.event, 'aggregate', p_meter.aggregate, 'value', p_meter.value_path,
    'scale', p_meter.scale, 'dimensions', to_jsonb(p_meter.dimensions), 'unit', p_meter.unit, 'hold', p_meter.hold_nanoseconds))
$$;

create function meterd.subscription_content(p_subscription meterd.subscription) returns jsonb language sql stable as $$
  select to_jsonb(p_subscription) || jsonb_build_object(
    'changes', (select jsonb_agg(jsonb_build_array(c.at, c.plan) order by c.at)
      from meterd.subscription_change c where c.subscription = p_subscription.id),
    'addons', (select jsonb_agg(jsonb_build_array(a.addon, a.quantity, a.starts_at, a.ends_at) order by a.place)
      from meterd.subscription_addon a where a.subscription = p_subscription.id))
$$;

-- Makes a catalog so, and says what became of each entry: 'added', 'changed', 'kept', or 'refused' with the field that is at fault. Where
-- one is refused, whoever asked takes everything back. Not called twice at a time: the lock is the caller's.
create function meterd.apply_catalog(p_catalog jsonb)
returns table (section text, name text, outcome text, field text, problem text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entry jsonb;
  old record;
  found_id integer;
  currency text;
  fault text;
begin
  for entry in select e from jsonb_array_elements(p_catalog -> 'meters') as e loop
    section := 'meter'; name := entry ->> 'name'; field := null; problem := null;
    select m into old from meterd.meter m where m.name = entry ->> 'name';
    if not found then
      outcome := 'added';
    else
      field := meterd.differing_field(meterd.meter_content(old.m), entry);
      outcome := case when field is null then 'kept' when meterd.is_meter_used(old.m) then 'refused' else 'changed' end;
      problem := case when outcome = 'refused' then 'a meter that a plan names or that has counted is never altered' end;
    end if;
    if outcome in ('added', 'changed') then
      insert into meterd.meter as m (name, event, aggregate, value_path, scale, dimensions, unit, hold_nanoseconds)
      values (
        entry ->> 'name', entry ->> 'event', entry ->> 'aggregate', entry ->> 'value', (entry ->> 'scale')::integer,
        array(select jsonb_array_elements_text(entry -> 'dimensions')), entry ->> 'unit', (entry ->> 'hold')::bigint)
      on conflict on constraint meter_name_key do update set
        event = excluded.event, aggregate = excluded.aggregate, value_path = excluded.value_path, scale = excluded.scale,
        dimensions = excluded.dimensions, unit = excluded.unit, hold_nanoseconds = excluded.hold_nanoseconds;
    end if;
    return next;
  end loop;

  for entry in select e from jsonb_array_elements(p_catalog -> 'plans') as e loop
    section := 'plan'; name := format('%s version %s', entry ->> 'name', entry ->> 'version'); field := null; problem := null;
    select u.entry ->> 'meter' into fault
      from jsonb_array_elements(entry #> '{content,usage}') with ordinality as u (entry, place)
      where not exists (select from meterd.meter m where m.name = u.entry ->> 'meter') order by u.place limit 1;
    select p.id, p.content, p.is_used into old
      from meterd.plan p where p.name = entry ->> 'name' and p.version = (entry ->> 'version')::integer;
    if fault is not null then
      outcome := 'refused'; field := 'usage.' || fault; problem := format('there is no meter ''%s''', fault);
    elsif old.id is null then
      outcome := 'added';
    else
      field := meterd.differing_field(old.content, entry -> 'content');
      outcome := case when field is null then 'kept' when old.is_used then 'refused' else 'changed' end;
      problem := case when outcome = 'refused' then 'a version of a plan that a subscription has named is never altered' end;
    end if;
    if outcome in ('added', 'changed') then
      insert into meterd.plan as p (name, version, content)
      values (entry ->> 'name', (entry ->> 'version')::integer, entry -> 'content')
      on conflict on constraint plan_name_version_key do update set content = excluded.content;
    end if;
    return next;
  end loop;

  for entry in select e from jsonb_array_elements(p_catalog -> 'addons') as e loop
    section := 'add-on'; name := format('%s version %s', entry ->> 'name', entry ->> 'version'); field := null; problem := null;
    fault := entry #>> '{content,meter}';
    select a.id, a.content, a.is_used into old
      from meterd.addon a where a.name = entry ->> 'name' and a.version = (entry ->> 'version')::integer;
    if fault is not null and not exists (select from meterd.meter m where m.name = fault) then
      outcome := 'refused'; field := 'meter'; problem := format('there is no meter ''%s''', fault);
    elsif old.id is null then
      outcome := 'added';
    else
      field := meterd.differing_field(old.content, entry -> 'content');
      outcome := case when field is null then 'kept' when old.is_used then 'refused' else 'changed' end;
      problem := case when outcome = 'refused' then 'a version of an add-on that a subscription has had is never altered' end;
    end if;
    if outcome in ('added', 'changed') then
      insert into meterd.addon as a (name, version, content)
      values (entry ->> 'name', (entry ->> 'version')::integer, entry -> 'content')
      on conflict on constraint addon_name_version_key do update set content = excluded.content;
    end if;
    return next;
  end loop;

  return query
    with said as materialized (
      select t.* from jsonb_to_recordset(p_catalog -> 'tenants') as t (id text, name text, status text, time_zone text)
    ), written as (
      insert into meterd.tenant as t (id, name, status, time_zone) select s.id, s.name, s.status, s.time_zone from said s
      on conflict (id) do update set name = excluded.name, status = excluded.status, time_zone = excluded.time_zone
        where (t.name, t.status, t.time_zone) is distinct from (excluded.name, excluded.status, excluded.time_zone)
      returning t.id, t.xmax = 0 as is_new
    )
    select 'tenant', s.id, case when w.is_new then 'added' when w.id is null then 'kept' else 'changed' end, null::text, null::text
    from said s left join written w on w.id = s.id;

  for entry in select e from jsonb_array_elements(p_catalog -> 'subscriptions') as e loop
    section := 'subscription'; name := entry ->> 'id'; field := null; problem := null; outcome := null;
    if not exists (select from meterd.tenant t where t.id = entry ->> 'tenant') then
      field := 'tenant'; problem := format('there is no tenant ''%s''', entry ->> 'tenant');
    end if;
    found_id := meterd.find_plan(entry #>> '{plan,name}', (entry #>> '{plan,version}')::integer);
    if problem is null and found_id is null then
      field := 'plan'; problem := 'there is no such plan';
    end if;
    select min(c.place) into fault
      from jsonb_array_elements(entry -> 'changes') with ordinality as c (change, place)
      where meterd.find_plan(c.change #>> '{plan,name}', (c.change #>> '{plan,version}')::integer) is null;
    if problem is null and fault is not null then
      field := 'changes.' || (fault::integer - 1); problem := 'there is no such plan';
    end if;
    select min(a.place) into fault
      from jsonb_array_elements(entry -> 'addons') with ordinality as a (addon, place)
      where meterd.find_addon(a.addon #>> '{addon,name}', (a.addon #>> '{addon,version}')::integer) is null;
    if problem is null and fault is not null then
      field := 'addons.' || (fault::integer - 1); problem := 'there is no such add-on';
    end if;
    -- What has begun stays what it is: another tenant, cycle or currency is another subscription.
    select l.content ->> 'currency' into currency from meterd.plan l where l.id = found_id;
    select s.tenant, s.cycle, s.starts_at, l.content ->> 'currency' as currency into old
      from meterd.subscription s join meterd.plan l on l.id = s.plan
      where s.id = entry ->> 'id' and exists (select from meterd.period p where p.subscription = s.id and p.starts_at <= now());
    if problem is null and found then
      field := case
        when old.tenant <> entry ->> 'tenant' then 'tenant'
        when old.starts_at <> to_timestamp((entry ->> 'starts_at')::bigint) then 'starts_at'
        when old.cycle <> entry ->> 'cycle' then 'cycle'
        when old.currency <> currency then 'plan' end;
      problem := case field
        when 'starts_at' then 'its first period has begun and never moves'
        when 'plan' then 'its first period has begun; a change of currency is a new subscription'
        else 'its first period has begun; a change of ' || field || ' is a new subscription' end;
    end if;
    if problem is null then
      select min(f.name) into field from (
        select 'changes.' || (c.place - 1) as name
        from jsonb_array_elements(entry -> 'changes') with ordinality as c (change, place)
        join meterd.plan l on l.id = meterd.find_plan(c.change #>> '{plan,name}', (c.change #>> '{plan,version}')::integer)
        where l.content ->> 'currency' <> currency
        union all
        select 'addons.' || (a.place - 1)
        from jsonb_array_elements(entry -> 'addons') with ordinality as a (addon, place)
        join meterd.addon d on d.id = meterd.find_addon(a.addon #>> '{addon,name}', (a.addon #>> '{addon,version}')::integer)
        where d.content ->> 'currency' <> currency
      ) as f;
      problem := case when field is not null then 'it is not in ' || currency || ', the currency of the plan; a change of currency is a new subscription' end;
    end if;
    if problem is not null then
      outcome := 'refused';
      return next;
      continue;
    end if;
    select meterd.subscription_content(s) as content into old from meterd.subscription s where s.id = entry ->> 'id';
    outcome := case when not found then 'added' else 'changed' end;
    insert into meterd.subscription as s (id, tenant, plan, cycle, starts_at, ends_at, trial, shadow)
    values (
      entry ->> 'id', entry ->> 'tenant', found_id, entry ->> 'cycle', to_timestamp((entry ->> 'starts_at')::bigint),
      to_timestamp((entry ->> 'ends_at')::bigint), entry ->> 'trial', (entry ->> 'shadow')::boolean)
    on conflict (id) do update set
      tenant = excluded.tenant, plan = excluded.plan, cycle = excluded.cycle, starts_at = excluded.starts_at,
      ends_at = excluded.ends_at, trial = excluded.trial, shadow = excluded.shadow;
    delete from meterd.subscription_change c where c.subscription = entry ->> 'id';
    insert into meterd.subscription_change (subscription, at, plan)
      select entry ->> 'id', to_timestamp((c ->> 'at')::bigint),
        meterd.find_plan(c #>> '{plan,name}', (c #>> '{plan,version}')::integer)
      from jsonb_array_elements(entry -> 'changes') as c;
    delete from meterd.subscription_addon a where a.subscription = entry ->> 'id';
    insert into meterd.subscription_addon (subscription, place, addon, quantity, starts_at, ends_at)
      select entry ->> 'id', a.place, meterd.find_addon(a.addon #>> '{addon,name}', (a.addon #>> '{addon,version}')::integer),
        (a.addon ->> 'quantity')::integer, to_timestamp((a.addon ->> 'from')::bigint), to_timestamp((a.addon ->> 'until')::bigint)
      from jsonb_array_elements(entry -> 'addons') with ordinality as a (addon, place);
    update meterd.plan l set is_used = true
      where not l.is_used and (l.id = found_id or l.id in (
        select c.plan from meterd.subscription_change c where c.subscription = entry ->> 'id'));
    update meterd.addon d set is_used = true
      where not d.is_used and d.id in (select b.addon from meterd.subscription_addon b where b.subscription = entry ->> 'id');
    if outcome = 'changed' and old.content = (
      select meterd.subscription_content(s) from meterd.subscription s where s.id = entry ->> 'id')
    then
      outcome := 'kept';
    end if;
    return next;
  end loop;

  -- Told of the one that the catalog names, the later one if it names both.
  for old in
    select o.*, exists (select from jsonb_array_elements(p_catalog -> 'subscriptions') as e where e ->> 'id' = o.other) as is_later
    from meterd.overlapping_subscriptions() as o
  loop
    section := 'subscription'; outcome := 'refused';
    name := case when old.is_later then old.other else old.one end;
    field := case when old.is_later then 'starts_at' else 'ends_at' end;
    problem := format('the tenant has another one in force then, ''%s''', case when old.is_later then old.one else old.other end);
    return next;
  end loop;
end
$$;
revoke execute on function meterd.apply_catalog from public;

insert into meterd.permission (role, object, rights) values
  ('meterd_writer', 'meterd.catalog_version', 'select'),
  ('meterd_writer', 'meterd.plan', 'select'),
  ('meterd_writer', 'meterd.plan_entry', 'select'),
  ('meterd_writer', 'meterd.addon', 'select'),
  ('meterd_writer', 'meterd.tenant', 'select'),
  ('meterd_writer', 'meterd.subscription', 'select'),
  ('meterd_writer', 'meterd.subscription_change', 'select'),
  ('meterd_writer', 'meterd.subscription_addon', 'select'),
  ('meterd_writer', 'function meterd.apply_catalog', 'execute');

-- After a catalog was applied: daemons are told, and the audit has who did it and what changed.
create function meterd.note_catalog(p_actor text, p_source text, p_detail jsonb) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  number bigint;
begin
  update meterd.catalog_version set version = version + 1, changed_at = now() returning version into strict number;
  perform meterd.audit_append(p_actor, 'catalog.apply', p_source, p_detail || jsonb_build_object('version', number, 'role', session_user));
  update meterd.tenant_change c set version = number where c.version = 0;
  perform pg_notify('meterd_catalog', number::text);
  return number;
end
$$;
revoke execute on function meterd.note_catalog from public;

insert into meterd.permission (role, object, rights) values ('meterd_writer', 'function meterd.note_catalog', 'execute');
