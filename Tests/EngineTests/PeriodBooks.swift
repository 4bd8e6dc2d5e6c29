import TestStack
import Testing

/// Periods for every tenant, laid before, while and after its events are counted, and what they must come to by the view `usage`.
struct PeriodBooks {
  let database: Database
  /// When the log ends, and how long a window is, in seconds.
  let now: Int
  let window: Int

  /// Gives every tenant that was counted for, and has none, a subscription of four periods, each tenant's a little later than another's.
  func subscribe() throws {
    let cuts = ["0", "\(now - 20 * 86_400)", "\(now - 86_400)", "\(now - 7_200)", "\(now + 86_400)"]
    try database.execute(
      """
      insert into meterd.plan (name, version, content) values ('p', 1, '{"usage": [{"meter": "calls", "included": 5}]}')
        on conflict do nothing;
      insert into meterd.tenant (id, name, status, time_zone) select distinct tenant, '', 'active', 'UTC' from meterd.series
        on conflict do nothing;
      insert into meterd.subscription (id, tenant, plan, cycle, starts_at, shadow)
        select 'of ' || t.id, t.id, (select id from meterd.plan), 'monthly', 'epoch', false from meterd.tenant t
        on conflict do nothing;
      insert into meterd.period (subscription, tenant, number, is_trial, starts_at, ends_at)
        select s.id, s.tenant, n - 1, false,
          to_timestamp((cut[n] / \(window) + abs(hashtext(s.tenant)) % 5) * \(window)),
          to_timestamp((cut[n + 1] / \(window) + abs(hashtext(s.tenant)) % 5) * \(window))
        from meterd.subscription s, generate_series(1, 4) as n, (select array[\(cuts.joined(separator: ","))]::bigint[] as cut) as c
        on conflict do nothing;
      select meterd.fill_totals();
      """)
  }

  /// What differs between `period_usage` and what the windows of `usage` add up to.
  func differences() throws -> [String] {
    try database.query(
      """
      with counted as (
        select p.subscription, p.starts_at, u.meter, m.aggregate, u.dimensions, u.window_start, u.quantity
        from meterd.period p
        join meterd.usage u on u.tenant = p.tenant and u.window_start < p.ends_at
        join meterd.meter m on m.name = u.meter
        where m.aggregate <> 'unique' and (u.window_start >= p.starts_at or m.aggregate = 'latest')
      ), wanted as (
        select subscription, starts_at, meter,
          case aggregate when 'max' then max(quantity) when 'min' then min(quantity) else sum(quantity) end as quantity
        from counted where aggregate <> 'latest' group by subscription, starts_at, meter, aggregate
        union all
        select subscription, starts_at, meter, sum(quantity)
        from (
          select distinct on (subscription, starts_at, meter, dimensions) * from counted where aggregate = 'latest'
          order by subscription, starts_at, meter, dimensions, window_start desc
        ) as last
        group by subscription, starts_at, meter
      )
      select coalesce(w.subscription, u.subscription) || ' ' || coalesce(w.meter, u.meter) || ' ' || coalesce(w.starts_at, u.period_start)
        || ' is ' || coalesce(u.quantity::text, 'none') || ', not ' || coalesce(w.quantity::text, 'none')
      from wanted w
      full join (
        select u.* from meterd.period_usage u join meterd.meter m on m.name = u.meter where m.aggregate <> 'unique'
      ) as u on u.subscription = w.subscription and u.meter = w.meter and u.period_start = w.starts_at
      where u.quantity is distinct from w.quantity and not (w.quantity is null and u.quantity = 0)
      order by 1
      """
    ).map { $0[0] ?? "" }
  }

  /// Values are a set: at least as many as in the fullest window, at most as many as in all windows together.
  func impossibleSets() throws -> [String] {
    try database.query(
      """
      select u.subscription || ' ' || u.meter || ' ' || u.quantity
      from meterd.period_usage u
      join meterd.meter m on m.name = u.meter and m.aggregate = 'unique'
      cross join lateral (
        select max(w.quantity) as least, sum(w.quantity) as most from meterd.usage w
        where w.tenant = u.tenant and w.meter = u.meter and w.window_start >= u.period_start and w.window_start < u.period_end
      ) as b
      where u.quantity < b.least or u.quantity > b.most
      """
    ).map { $0[0] ?? "" }
  }
}
