import MeterModel

/// Remembers which events were counted, for as long as they could still be repeated.
///
/// **Age.** An identity belongs to the generation in which it was counted: the partition's high water (the largest Kafka
/// timestamp accepted) divided by a sixteenth of the dedupe window, rounded up to a millisecond. It is remembered until
/// the high water is more than sixteen generations on, so for at least the window and at most a sixteenth longer. That
/// is a function of the log alone: restarts, batches and flushes cannot change what is remembered, and whole generations
/// are forgotten, in memory and in the database alike.
///
/// **Layout.** 21 bytes a slot, in three arrays. A tag of one byte, zero where the slot is empty, else seven bits of the fingerprint:
/// eight of them are looked at in one word, so that an identity that is new is mostly told from one line of memory. The
/// slot: the fingerprint, and offset, generation, content check and void mark in one word. Aside, because only voids ask for it,
/// the window that was counted in. Nothing is swept. The table grows at seven eighths, which is 24 bytes an identity at
/// its fullest, and drops what has passed whenever it is laid out anew.
///
/// **What it gives up.** The event's bytes. Two identities of one partition share a 64-bit fingerprint once in 2^64 pairs: with 10^9
/// remembered, a new event is wrongly a duplicate or a conflict with a chance of 10^9 / 2^64, once in 18 billion events. A
/// conflict is taken for a duplicate once in 2^21; neither is counted, so no sum depends on it.
@safe
struct IdentityTable: ~Copyable {
  static let generationsRemembered: Int64 = 16

  private struct Slot {
    var fingerprint: UInt64
    /// Bits 0..<34 offset less `baseOffset`, 34..<40 generation modulo 64, 40..<61 content, 63 voided.
    var word: UInt64
  }

  struct Known: Equatable {
    var content: UInt32
    var offset: Int64
    var window: Int32
    var generation: Int64
    var voided: Bool
  }

  private static let offsetMask: UInt64 = (1 << 34) - 1
  private static let offsetReach: Int64 = 1 << 33
  private static let slotsMin = 1024
  /// A slot tells its generation modulo 64. Laid out anew this often, and never stepping on by more than sixteen without forgetting
  /// all, no slot is older than 16 + 31 + 16 generations, so that an age is never mistaken for a younger one.
  private static let generationsBetweenLayouts: Int64 = 32

  /// Slots that are probed together.
  private static let groupSlots = 8

  private var tags: UnsafeMutablePointer<UInt64>
  private var slots: UnsafeMutablePointer<Slot>
  private var windows: UnsafeMutablePointer<Int32>
  private(set) var capacity: Int
  /// Slots that are not empty, passed ones included.
  private var occupied = 0
  private var baseOffset: Int64
  private let generationMs: Int64
  private(set) var generation: Int64 = 0
  private var laidOutAt: Int64 = 0

  /// Offsets are kept by their distance from a base that lies as far below the cursor as there is room above it, so that pages may
  /// be restored in any order.
  init(window: TimeSpan, cursor: Int64) {
    // Rounded up: sixteen generations must not be shorter than the window.
    generationMs = max(1, (window.milliseconds + Self.generationsRemembered - 1) / Self.generationsRemembered)
    baseOffset = cursor &- Self.offsetReach
    capacity = Self.slotsMin
    unsafe tags = Self.blank(Self.slotsMin / Self.groupSlots, 0)
    unsafe slots = Self.blank(Self.slotsMin, Slot(fingerprint: 0, word: 0))
    unsafe windows = Self.blank(Self.slotsMin, 0)
  }

  deinit {
    unsafe tags.deallocate()
    unsafe slots.deallocate()
    unsafe windows.deallocate()
  }

  var bytes: Int { capacity * (1 + MemoryLayout<Slot>.stride + MemoryLayout<Int32>.stride) }
  /// An upper bound: passed identities stay until the table is laid out anew.
  var count: Int { occupied }

  /// Made of one value: `warmSlot` looks at slots before anything stands there.
  private static func blank<Element>(_ capacity: Int, _ value: Element) -> UnsafeMutablePointer<Element> {
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    unsafe memory.initialize(repeating: value, count: capacity)
    return unsafe memory
  }

  func generation(atHighWater ms: Int64) -> Int64 {
    let (quotient, remainder) = ms.quotientAndRemainder(dividingBy: generationMs)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// Moves on to the generation of a high water; it never falls.
  mutating func advance(toHighWater ms: Int64) {
    let now = generation(atHighWater: ms)
    guard now > generation else { return }
    let step = now &- generation
    generation = now
    if step > Self.generationsRemembered {
      forgetAll()
    } else if now - laidOutAt >= Self.generationsBetweenLayouts {
      layOut()
    }
  }

  private mutating func forgetAll() {
    if occupied > 0 { unsafe tags.update(repeating: 0, count: capacity / Self.groupSlots) }
    occupied = 0
    laidOutAt = generation
  }

  /// The oldest generation that is still remembered, and where it begins.
  var oldest: Int64 { generation - Self.generationsRemembered }
  var forgetBeforeMs: Int64 { begin(of: oldest) }
  /// Where the present generation ends.
  var generationEndMs: Int64 { end(of: generation) }

  func end(of generation: Int64) -> Int64 { begin(of: generation + 1) &- 1 }

  /// Held at the ends of the range: a timestamp is whatever a producer wrote.
  private func begin(of generation: Int64) -> Int64 {
    let (ms, overflow) = generation.multipliedReportingOverflow(by: generationMs)
    return overflow ? (generation < 0 ? .min + 1 : .max) : ms
  }

  @inline(__always)
  func find(_ fingerprint: UInt64) -> Known? {
    guard let at = position(of: fingerprint) else { return nil }
    let word = unsafe slots[at].word
    return Known(
      content: UInt32(word >> 40 & 0x1F_FFFF), offset: baseOffset &+ Int64(word & Self.offsetMask) &- 1,
      window: unsafe windows[at], generation: generation - Int64(age(word)), voided: word >> 63 == 1)
  }

  /// Brings near what `find` will look at first; the sum of what was seen keeps the look from being left out.
  @inline(__always)
  func warm(_ fingerprint: UInt64) -> UInt64 { unsafe tags[group(fingerprint)] }

  /// Brings near where `insert` will most likely write, once what `warm` looked at is there.
  @inline(__always)
  func warmSlot(_ fingerprint: UInt64) -> UInt64 {
    let group = group(fingerprint)
    let free = unsafe ~tags[group] & Self.highs
    let at = group &* Self.groupSlots &+ free.trailingZeroBitCount >> 3 & (Self.groupSlots &- 1)
    return unsafe slots[at].word &+ UInt64(truncatingIfNeeded: windows[at])
  }

  @inline(__always)
  private func group(_ fingerprint: UInt64) -> Int {
    Int(truncatingIfNeeded: fingerprint) & (capacity / Self.groupSlots &- 1)
  }

  /// Never zero.
  @inline(__always)
  private static func tag(_ fingerprint: UInt64) -> UInt64 { fingerprint >> 56 | 0x80 }

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// The high bit of each byte of the word that is zero. A borrow may set one above a zero byte, never below the lowest.
  @inline(__always)
  private static func zeros(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & highs }

  @inline(__always)
  private func position(of fingerprint: UInt64) -> Int? {
    let pattern = Self.tag(fingerprint) &* Self.ones
    var group = group(fingerprint)
    while true {
      let word = unsafe tags[group]
      var hits = Self.zeros(word ^ pattern)
      while hits != 0 {
        let at = group &* Self.groupSlots &+ hits.trailingZeroBitCount >> 3
        // A borrow may have named a slot that is empty.
        if isUsed(at) {
          let slot = unsafe slots[at]
          if slot.fingerprint == fingerprint, isRemembered(slot) { return at }
        }
        hits &= hits &- 1
      }
      // A tag has its high bit set, an empty slot's has not.
      if word & Self.highs != Self.highs { return nil }
      group = (group &+ 1) & (capacity / Self.groupSlots &- 1)
    }
  }

  @inline(__always)
  private func isUsed(_ at: Int) -> Bool {
    unsafe tags[at / Self.groupSlots] >> (UInt64(truncatingIfNeeded: at) & 7 &* 8) & 0x80 != 0
  }

  /// Remembers a fingerprint that `find` does not know, as of this generation or an earlier one that is still remembered.
  mutating func insert(_ entry: IdentityPage.Entry, generation: Int64) {
    precondition(
      generation <= self.generation && generation >= oldest, "an identity belongs to a remembered generation")
    if occupied &* 8 >= capacity &* 7 { layOut() }
    if entry.offset &- baseOffset >= Int64(Self.offsetMask) { rebase(around: entry.offset) }
    place(Slot(fingerprint: entry.fingerprint, word: pack(entry, generation)), entry.window)
  }

  /// The same for the same identities, however the table came to hold them.
  var digest: UInt64 {
    var sum: UInt64 = 0
    for at in 0..<capacity where isUsed(at) {
      let slot = unsafe slots[at]
      guard isRemembered(slot) else { continue }
      let offset = baseOffset &+ Int64(slot.word & Self.offsetMask)
      let rest = slot.word >> 40 ^ UInt64(bitPattern: generation &- Int64(age(slot.word))) << 24
      let window = unsafe UInt64(UInt32(bitPattern: windows[at]))
      sum &+= Digest.of(slot.fingerprint, UInt64(bitPattern: offset), rest, window)
    }
    return sum
  }

  /// Notes that what a remembered fingerprint stands for was taken back.
  mutating func markVoided(_ fingerprint: UInt64) {
    guard let at = position(of: fingerprint) else { return }
    unsafe slots[at].word |= 1 << 63
  }

  /// An offset too far from the base is held at the end:
  /// then only the first offset named in `conflicts` is wrong.
  private func pack(_ entry: IdentityPage.Entry, _ generation: Int64) -> UInt64 {
    let delta = min(max(entry.offset &- baseOffset &+ 1, 1), Int64(Self.offsetMask))
    let generation = UInt64(bitPattern: generation) & 63
    return UInt64(delta) | generation << 34 | UInt64(entry.content & 0x1F_FFFF) << 40 | (entry.voided ? 1 << 63 : 0)
  }

  /// Once in 2^33 offsets: moves the base after the cursor.
  private mutating func rebase(around offset: Int64) {
    let moved = offset &- Self.offsetReach &- baseOffset
    baseOffset &+= moved
    for at in 0..<capacity where isUsed(at) {
      let word = unsafe slots[at].word
      let delta = min(max(Int64(word & Self.offsetMask) &- moved, 1), Int64(Self.offsetMask))
      unsafe slots[at].word = word & ~Self.offsetMask | UInt64(delta)
    }
  }

  @inline(__always)
  private func age(_ word: UInt64) -> UInt64 { (UInt64(bitPattern: generation) &- (word >> 34)) & 63 }

  @inline(__always)
  private func isRemembered(_ slot: Slot) -> Bool { age(slot.word) <= UInt64(Self.generationsRemembered) }

  private mutating func place(_ new: Slot, _ window: Int32) {
    var group = group(new.fingerprint)
    while unsafe tags[group] & Self.highs == Self.highs { group = (group &+ 1) & (capacity / Self.groupSlots &- 1) }
    let bit = unsafe (~tags[group] & Self.highs).trailingZeroBitCount &- 7
    unsafe tags[group] |= Self.tag(new.fingerprint) << UInt64(truncatingIfNeeded: bit)
    let at = group &* Self.groupSlots &+ bit >> 3
    unsafe slots[at] = new
    unsafe windows[at] = window
    occupied &+= 1
  }

  /// Drops what has passed, and doubles unless that made enough room.
  private mutating func layOut() {
    laidOutAt = generation
    var remembered = 0
    for at in 0..<capacity where isUsed(at) {
      if unsafe isRemembered(slots[at]) { remembered += 1 }
    }
    let oldTags = unsafe tags
    let oldSlots = unsafe slots
    let oldWindows = unsafe windows
    let oldCapacity = capacity
    while remembered * 2 > capacity { capacity *= 2 }
    unsafe tags = Self.blank(capacity / Self.groupSlots, 0)
    unsafe slots = Self.blank(capacity, Slot(fingerprint: 0, word: 0))
    unsafe windows = Self.blank(capacity, 0)
    occupied = 0
    for at in 0..<oldCapacity where unsafe oldTags[at / Self.groupSlots] >> (UInt64(at) % 8 * 8) & 0x80 != 0 {
      let slot = unsafe oldSlots[at]
      if isRemembered(slot) { unsafe place(slot, oldWindows[at]) }
    }
    unsafe oldTags.deallocate()
    unsafe oldSlots.deallocate()
    unsafe oldWindows.deallocate()
  }
}
