import MeterModel

/// Judging: what is counted is compared with what the tenant's plan says, in the order of the log.
extension Tally {
  /// Finds the accounts of a go's limited measures, asked for some events ahead. What is returned must be known before anything is counted.
  mutating func survey(_ batch: borrowing RecordBatch, _ events: borrowing EventBatch) -> [TenantPlace] {
    guard events.hasLimits else { return [] }
    let count = events.measures.count
    if accountHeads.count < count { accountHeads = Array(repeating: -1, count: max(count, 2 * accountHeads.count)) }
    // Taken out while the tables are looked at.
    var taken: [Int32] = []
    swap(&taken, &accountHeads)
    defer { swap(&taken, &accountHeads) }
    var heads = taken.mutableSpan
    let all = events.events.span
    let measures = events.measures.span
    let places = places.span
    var unknown: Set<TenantPlace> = []
    for index in all.indices {
      let far = index &+ 2 &* Self.accountsAhead
      if far < all.count, all[far].finding == .measurable {
        let first = Int(all[far].firstMeasure)
        for at in first..<first &+ Int(all[far].measureCount) where measures[at].isLimited {
          limits.warm(LimitBook.key(all[far].tenantKey, measures[at].meterID.number))
        }
      }
      let near = index &+ Self.accountsAhead
      if near < all.count, all[near].finding == .measurable {
        let first = Int(all[near].firstMeasure)
        for at in first..<first &+ Int(all[near].measureCount) where measures[at].isLimited {
          limits.warmAccount(LimitBook.key(all[near].tenantKey, measures[at].meterID.number))
        }
      }
      guard all[index].finding == .measurable, all[index].problem == nil, places[index].limit == .none else { continue }
      let first = Int(all[index].firstMeasure)
      for at in first..<first &+ Int(all[index].measureCount) where measures[at].isLimited {
        let head = limits.find(LimitBook.key(all[index].tenantKey, measures[at].meterID.number))
        heads[at] = head
        if all[index].kind != .void, limits.covers(head, places[index].window) { continue }
        ask(index, head, batch, events, &unknown)
      }
    }
    return Array(unknown)
  }

  private static var accountsAhead: Int { 16 }

  @inline(never)
  private func ask(
    _ index: Int, _ head: Int32, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch,
    _ unknown: inout Set<TenantPlace>
  ) {
    let event = events.events[index]
    let tenant = limits.find(LimitBook.key(event.tenantKey, 0))
    let windows = event.kind == .void ? windows(ofVoid: index, events) : [places[index].window]
    for window in windows where !limits.covers(head, window) && !limits.covers(tenant, window) {
      guard unknown.count < Self.tenantsAtOnce else { return }
      unknown.insert(TenantPlace(tenant: events.bytes(event.tenant, in: batch), key: event.tenantKey, window: window))
    }
  }

  /// One answer is bounded; the events are looked at again when it is there.
  private static var tenantsAtOnce: Int { 2_000 }

  /// Adds what was counted to the totals of its periods.
  @inline(__always)
  mutating func charge(
    _ measure: Int, _ units: Int128, _ window: Int32, _ index: Int, _ offset: Int64, _ batch: borrowing RecordBatch,
    _ events: borrowing EventBatch
  ) {
    guard events.measures[measure].isLimited, accountHeads[measure] >= 0 else { return }
    let isLargest = events.measures[measure].aggregate == .max
    if limits.add(units, isLargest: isLargest, window, at: accountHeads[measure]) {
      tell(accountHeads[measure], window, index, offset, batch, events)
    }
  }

  /// A level is the total's of its own period and of every later one that knows of none behind it.
  @inline(never)
  mutating func chargeLevel(
    _ measure: Int, _ series: SeriesKey, _ moment: RollupDelta.Moment, _ window: Int32, _ index: Int,
    _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) {
    guard events.measures[measure].isLimited else { return }
    let cause = Crossing.Cause(event: events.bytes(events.events[index].id, in: batch), offset: moment.offset)
    var at = Int(accountHeads[measure])
    while at >= 0 {
      let account = limits[at]
      if window < account.until {
        let rule = limits.rules[Int(account.rule)]
        if !rule.isOwn {
          review(at, rule.meter, cause)
        } else if limits.set(events.measures[measure].units, moment, of: series, at: at) {
          tell(at, cause)
        }
      }
      at = Int(account.chain)
    }
  }

  private mutating func review(_ position: Int, _ meter: MeterID, _ cause: Crossing.Cause) {
    let review = Reviewed(period: limits.details[position].period, meter: meter, cause: cause)
    if reviewed.updateValue(review, forKey: review.subject) == nil { keptBytes += Self.rowBytes }
  }

  /// Looks at every account that was added to.
  @inline(never)
  private mutating func tell(
    _ head: Int32, _ window: Int32, _ index: Int, _ offset: Int64, _ batch: borrowing RecordBatch,
    _ events: borrowing EventBatch
  ) {
    let cause = Crossing.Cause(event: events.bytes(events.events[index].id, in: batch), offset: offset)
    var at = Int(head)
    while at >= 0 {
      let account = limits[at]
      if account.from <= window, window < account.until {
        let rule = limits.rules[Int(account.rule)]
        if rule.isOwn {
          tell(at, cause)
        } else {
          review(at, rule.meter, cause)
        }
      }
      at = Int(account.chain)
    }
  }

  private mutating func tell(_ position: Int, _ cause: Crossing.Cause?) {
    let events = limits.move(position)
    guard !events.isEmpty else { return }
    let account = limits[position]
    let rule = limits.rules[Int(account.rule)]
    for event in events {
      crossings.append(
        Crossing(
          period: limits.details[position].period, meter: rule.meter, rule: rule.rule, event: event,
          used: Quantity(units: account.total, scale: rule.rule.scale), cause: cause))
      keptBytes += Self.rowBytes + (cause?.event.count ?? 0)
    }
  }

  /// Tells what the database knows of tenants. What was counted here and is not in it yet is added.
  public mutating func admit(_ standings: Standings) {
    var fresh: [Int] = []
    for standing in standings.all {
      let keys = limits.admit(standing)
      fresh += keys
    }
    let own = fresh.filter { limits.rules[Int(limits[$0].rule)].isOwn }
    guard !own.isEmpty else { return }
    let isSealedIn = standings.flush >= sealedNumber
    addPending(to: own, isSealedIn: isSealedIn, standings)
    for crossing in (isSealedIn ? [] : sealedCrossings) + crossings {
      for position in own
      where limits.details[position].period == crossing.period
        && limits.rules[Int(limits[position].rule)].meter == crossing.meter
      {
        limits.recall(crossing.event, at: position)
      }
    }
    for position in own { tell(position, nil) }
  }

  private mutating func addPending(to own: [Int], isSealedIn: Bool, _ standings: Standings) {
    // By the whole period, of which the account may know a part.
    var names: [UInt64: [(position: Int, windows: Range<Int32>)]] = [:]
    var fresh: [Reviewed.Subject: Int] = [:]
    for position in own {
      let meter = limits.rules[Int(limits[position].rule)].meter
      fresh[Reviewed.Subject(period: limits.details[position].period, meter: meter)] = position
    }
    for standing in standings.all {
      for account in standing.accounts {
        guard let position = fresh[Reviewed.Subject(period: account.period, meter: account.meter)] else { continue }
        names[SeriesName(tenant: standing.key, meter: account.meter).group, default: []].append(
          (position, account.windows))
      }
    }
    func join(_ name: UInt64, _ series: SeriesKey, _ window: Int32, _ merge: RollupDelta.Merge, _ units: Int128) {
      for (position, windows) in names[name] ?? [] where window < windows.upperBound {
        switch merge {
        case .add, .max: if window >= windows.lowerBound { limits.join(units, at: position) }
        case .latest(let moment): _ = limits.set(units, moment, of: series, at: position)
        case .min, .unique, .samples: break
        }
      }
    }
    if !isSealedIn {
      for delta in sealedRollups {
        let start = Instant(saturatingMilliseconds: delta.windowStartSeconds * 1_000)
        join(
          delta.group != 0 ? delta.group : delta.series.low | 1, delta.series, rules.windows.number(of: start),
          delta.merge, delta.quantity.units)
      }
    }
    for place in residency.cells.touched {
      let cell = residency.cells[Int(place)]
      join(residency.name(of: cell), cell.series, cell.window, residency.cells.merge(of: cell), cell.units)
    }
  }

  /// Tenants for whom the catalog has changed; nil for any.
  public mutating func forget(_ tenants: Set<SeriesKey>?) {
    guard let tenants else {
      limits = LimitBook()
      return
    }
    for tenant in tenants { limits.forget(tenant) }
  }
}
