import CTable
import MeterModel

/// What tenants have used in the periods that events of this partition fall into, beside what their plans allow.
///
/// **Purpose.** A crossing is told of with the event that did it, so every limited quantity is added to its period's total when it is
/// counted, and the total is compared with one number: the lowest at which something is to be said.
///
/// **Layout.** An account is 64 bytes, a line of the processor's cache: one tenant's use of one meter in one period. Accounts of a tenant and
/// meter hang together, mostly one; an index of four bytes a slot finds the first. Meter 0 stands for the tenant itself:
/// in the windows of such an account nothing else limits it. Sixteen bytes beside each say which period it is and what was told; what a
/// plan says is kept once for all who have it.
///
/// **Life.** A tenant is asked about when an event of it comes first, and again when the catalog changes for it. Everything may be forgotten
/// at any time: what was counted and is not yet committed is added again when it comes back.
@safe
struct LimitBook: ~Copyable {
  struct Account {
    var key: SeriesKey
    var total: Int128
    /// At or above it something is to be told; `.min` where every event is, since somebody else judges.
    var next: Int128
    var from: Int32
    var until: Int32
    /// Another period of the same tenant and meter, -1 for none.
    var chain: Int32
    /// Index into `rules`, -1 for a tenant itself.
    var rule: Int32
  }

  /// What an account is judged by.
  struct Rule: Hashable {
    var meter: MeterID
    var rule: LimitRule
    var isOwn: Bool
    var kind: Standing.Account.Kind
  }

  /// A series in a period whose total is made of levels.
  private struct LevelName: Hashable {
    var series: SeriesKey
    var account: Int32
  }

  private struct Level {
    var moment: RollupDelta.Moment
    var units: Int128
  }

  struct Detail {
    var period: PeriodID
    var standing: LimitStanding
  }

  private static let vacant = UInt32.max
  private static let slotsMin = 256
  private static let capacityMin = 64
  /// Levels in memory count as so many accounts.
  var weight: Int { count + levels.count }
  /// Of a rule, with its ladder, about.
  private static let ruleBytes = 1_024

  private var accounts: UnsafeMutablePointer<Account>
  private var capacity = Self.capacityMin
  private(set) var count = 0
  private var index: UnsafeMutablePointer<UInt32>
  private var slots = Self.slotsMin
  private var heads = 0
  /// In the order of the accounts.
  private(set) var details: [Detail] = []
  private(set) var rules: [Rule] = []
  private var ruleIndex: [Rule: Int32] = [:]
  /// Those that rules are about, and 0.
  private var meters: Set<Int32> = [0]
  private var levels: [LevelName: Level] = [:]

  init() {
    unsafe accounts = LargeMemory.allocate(Account.self, Self.capacityMin)
    unsafe index = LargeMemory.allocate(UInt32.self, Self.slotsMin)
    unsafe index.initialize(repeating: Self.vacant, count: Self.slotsMin)
  }

  deinit {
    unsafe accounts.deallocate()
    unsafe index.deallocate()
  }

  /// Of a tenant's use of a meter; with meter 0, of the tenant itself. Different meters of different tenants meet by chance alone, as
  /// hashes of 128 bits do.
  @inline(__always)
  static func key(_ tenant: SeriesKey, _ meter: Int32) -> SeriesKey {
    SeriesKey(
      high: tenant.high, low: tenant.low &+ UInt64(UInt32(bitPattern: meter)) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// All memory that is held.
  var bytes: Int {
    capacity * MemoryLayout<Account>.stride + slots * MemoryLayout<UInt32>.stride
      + details.capacity * MemoryLayout<Detail>.stride + rules.count * Self.ruleBytes
      + levels.capacity * (MemoryLayout<LevelName>.stride + MemoryLayout<Level>.stride + 1)
  }

  subscript(position: Int) -> Account {
    @inline(__always) get {
      precondition(position >= 0 && position < count, "an account's place is one that was given out")
      return unsafe accounts[position]
    }
  }

  @inline(__always)
  private func slot(_ key: SeriesKey) -> Int { Int(truncatingIfNeeded: key.low ^ key.high >> 32) & (slots &- 1) }

  /// Brings the slot near that `find` begins with.
  @inline(__always)
  func warm(_ key: SeriesKey) { unsafe ctable_fetch(index + slot(key)) }

  /// Brings the account near that `find` will most likely end with.
  @inline(__always)
  func warmAccount(_ key: SeriesKey) {
    let entry = unsafe index[slot(key)]
    if entry != Self.vacant { unsafe ctable_fetch(accounts + Int(entry)) }
  }

  /// The first account of a key, -1 if there is none.
  @inline(__always)
  func find(_ key: SeriesKey) -> Int32 {
    var at = slot(key)
    while true {
      let entry = unsafe index[at]
      if entry == Self.vacant { return -1 }
      let isIt = unsafe accounts[Int(entry)].key == key
      if isIt { return Int32(bitPattern: entry) }
      at = (at &+ 1) & (slots &- 1)
    }
  }

  /// Whether one of the accounts from `head` on has the window.
  @inline(__always)
  func covers(_ head: Int32, _ window: Int32) -> Bool {
    var at = head
    while at >= 0 {
      let account = self[Int(at)]
      if account.from <= window, window < account.until { return true }
      at = account.chain
    }
    return false
  }

  /// Adds to every account from `head` on that has the window. True if there is something to be looked at.
  @inline(__always)
  mutating func add(_ units: Int128, isLargest: Bool, _ window: Int32, at head: Int32) -> Bool {
    var isDue = false
    var at = head
    while at >= 0 {
      precondition(Int(at) < count, "an account's place is one that was given out")
      let account = unsafe accounts + Int(at)
      if unsafe account.pointee.from <= window && window < account.pointee.until {
        unsafe account.pointee.total = Self.joined(account.pointee.total, units, isLargest)
        if unsafe account.pointee.total >= account.pointee.next || units < 0 { isDue = true }
      }
      at = unsafe account.pointee.chain
    }
    return isDue
  }

  /// A total beyond 38 digits stays where it is: it has reached everything that can be reached.
  @inline(__always)
  private static func joined(_ total: Int128, _ units: Int128, _ isLargest: Bool) -> Int128 {
    if isLargest { return max(total, units) }
    let (sum, overflow) = total.addingReportingOverflow(units)
    return overflow ? (units < 0 ? .min : .max) : sum
  }

  /// What the total of one account makes it say.
  mutating func move(_ position: Int) -> [LimitStanding.Event] {
    let account = self[position]
    let ladder = rules[Int(account.rule)].rule.ladder
    let events = details[position].standing.move(to: account.total, on: ladder)
    unsafe accounts[position].next = details[position].standing.next(on: ladder)
    return events
  }

  /// Adds what is known of a tenant and says where the accounts are that were not there before.
  mutating func admit(_ standing: Standing) -> [Int] {
    let own = Self.key(standing.key, 0)
    if !covers(find(own), standing.windows.lowerBound) {
      _ = enter(own, standing.windows, total: 0, rule: -1, PeriodID(0))
    }
    var fresh: [Int] = []
    for account in standing.accounts {
      let key = Self.key(standing.key, account.meter.number)
      // What is known ends where another of the tenant's periods begins or ends, which may be in the midst of this one.
      let windows = account.windows.clamped(to: standing.windows)
      var at = find(key)
      while at >= 0, !(details[Int(at)].period == account.period && self[Int(at)].from < self[Int(at)].until) {
        at = self[Int(at)].chain
      }
      if at >= 0 {
        unsafe accounts[Int(at)].from = min(accounts[Int(at)].from, windows.lowerBound)
        unsafe accounts[Int(at)].until = max(accounts[Int(at)].until, windows.upperBound)
        continue
      }
      let rule = Rule(meter: account.meter, rule: account.rule, isOwn: account.isOwn, kind: account.kind)
      let position = enter(key, windows, total: account.total, rule: intern(rule), account.period)
      details[position].standing = LimitStanding(account.told, on: account.rule.ladder)
      for level in account.levels {
        levels[LevelName(series: level.series, account: Int32(position))] = Level(
          moment: level.moment, units: level.units)
      }
      fresh.append(position)
    }
    return fresh
  }

  /// Adds what was counted and not yet committed, before anything is told of the account.
  mutating func join(_ units: Int128, at position: Int) {
    let isLargest = rules[Int(self[position].rule)].kind == .largest
    unsafe accounts[position].total = Self.joined(accounts[position].total, units, isLargest)
  }

  /// A level takes the place of an earlier one of its series, in this account; false where a later one is known.
  mutating func set(_ units: Int128, _ moment: RollupDelta.Moment, of series: SeriesKey, at position: Int) -> Bool {
    let name = LevelName(series: series, account: Int32(position))
    let known = levels[name]
    if let known, !(known.moment < moment) { return false }
    levels[name] = Level(moment: moment, units: units)
    unsafe accounts[position].total = Self.joined(accounts[position].total, units - (known?.units ?? 0), false)
    return true
  }

  /// What was told of the account and is not yet committed.
  mutating func recall(_ event: LimitStanding.Event, at position: Int) {
    let ladder = rules[Int(self[position].rule)].rule.ladder
    switch event {
    case .recovered(let kinds): details[position].standing.end(kinds, ladder)
    case .reached(let step):
      details[position].standing.note(LimitStanding.Told(step.kind, step.total), ladder)
    }
  }

  /// Asks about a tenant again when it comes next.
  mutating func forget(_ tenant: SeriesKey) {
    for meter in meters {
      var at = find(Self.key(tenant, meter))
      while at >= 0 {
        unsafe accounts[Int(at)].from = 0
        unsafe accounts[Int(at)].until = 0
        at = self[Int(at)].chain
      }
    }
  }

  private mutating func intern(_ rule: Rule) -> Int32 {
    if let known = ruleIndex[rule] { return known }
    let index = Int32(rules.count)
    rules.append(rule)
    meters.insert(rule.meter.number)
    ruleIndex[rule] = index
    return index
  }

  private mutating func enter(
    _ key: SeriesKey, _ windows: Range<Int32>, total: Int128, rule: Int32, _ period: PeriodID
  ) -> Int {
    if count == capacity { growAccounts() }
    let position = count
    let isOwn = rule >= 0 && rules[Int(rule)].isOwn
    let head = find(key)
    // Behind the first, which stays where the index has it.
    let chain = head >= 0 ? self[Int(head)].chain : -1
    unsafe (accounts + position).initialize(
      to: Account(
        key: key, total: total, next: isOwn ? .max : .min, from: windows.lowerBound, until: windows.upperBound,
        chain: chain, rule: rule))
    details.append(Detail(period: period, standing: LimitStanding()))
    count += 1
    guard head < 0 else {
      unsafe accounts[Int(head)].chain = Int32(position)
      return position
    }
    heads += 1
    if heads * 4 > slots * 3 { layIndex(slots * 2) } else { place(position) }
    return position
  }

  private mutating func place(_ position: Int) {
    var at = slot(self[position].key)
    while unsafe index[at] != Self.vacant { at = (at &+ 1) & (slots &- 1) }
    unsafe index[at] = UInt32(position)
  }

  private mutating func layIndex(_ length: Int) {
    unsafe index.deallocate()
    slots = length
    unsafe index = LargeMemory.allocate(UInt32.self, length)
    unsafe index.initialize(repeating: Self.vacant, count: length)
    var isChained = [Bool](repeating: false, count: count)
    for position in 0..<count where self[position].chain >= 0 { isChained[Int(self[position].chain)] = true }
    for position in 0..<count where !isChained[position] { place(position) }
  }

  /// By an eighth: there may be a great many.
  private mutating func growAccounts() {
    let grown = capacity + max(Self.capacityMin, capacity / 8)
    let next = unsafe LargeMemory.allocate(Account.self, grown)
    unsafe next.moveInitialize(from: accounts, count: count)
    unsafe accounts.deallocate()
    unsafe accounts = next
    capacity = grown
    details.reserveCapacity(grown)
  }
}
