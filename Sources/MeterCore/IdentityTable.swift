import MeterModel

/// Remembers which events were counted, for as long as they could still be repeated.
///
/// **Age.** An identity belongs to the generation in which it was counted: the partition's high water (the largest Kafka
/// timestamp accepted) divided by a sixteenth of the dedupe window, rounded up to a millisecond. It is remembered until
/// the high water is more than sixteen generations on, so for at least the window and at most a sixteenth longer. That
/// is a function of the log alone: restarts, batches and flushes cannot change what is remembered, and whole generations
/// are forgotten, in memory and in the database alike.
///
/// **Layout.** One table with linear probing, 20 bytes a slot: the fingerprint; offset, generation, content check and void
/// mark in one word; and, aside because only voids ask for it, the window that was counted in. Nothing is swept. The table
/// grows at seven eighths, which is 22.9 bytes an identity at its fullest, and drops what has passed whenever it is laid
/// out anew.
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
    static let empty = Slot(fingerprint: 0, word: 0)
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
    unsafe slots = Self.allocate(Self.slotsMin)
    unsafe windows = .allocate(capacity: Self.slotsMin)
  }

  deinit {
    unsafe slots.deallocate()
    unsafe windows.deallocate()
  }

  var bytes: Int { capacity * (MemoryLayout<Slot>.stride + MemoryLayout<Int32>.stride) }
  /// An upper bound: passed identities stay until the table is laid out anew.
  var count: Int { occupied }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Slot> {
    let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
    unsafe slots.initialize(repeating: .empty, count: capacity)
    return unsafe slots
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
    if occupied > 0 { unsafe slots.update(repeating: .empty, count: capacity) }
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

  /// Brings near what `find` and `insert` will look at; the sum of what was seen keeps the look from being left out.
  @inline(__always)
  func warm(_ fingerprint: UInt64) -> UInt64 {
    let at = Int(truncatingIfNeeded: fingerprint) & (capacity &- 1)
    return unsafe slots[at].word &+ UInt64(truncatingIfNeeded: windows[at])
  }

  @inline(__always)
  private func position(of fingerprint: UInt64) -> Int? {
    var at = Int(truncatingIfNeeded: fingerprint) & (capacity &- 1)
    while true {
      let slot = unsafe slots[at]
      if slot.word == 0 { return nil }
      if slot.fingerprint == fingerprint, isRemembered(slot) { return at }
      at = (at &+ 1) & (capacity &- 1)
    }
  }

  /// Remembers a fingerprint that `find` does not know, as of this generation or an earlier one that is still remembered.
  mutating func insert(_ entry: IdentityPage.Entry, generation: Int64) {
    precondition(
      generation <= self.generation && generation >= oldest, "an identity belongs to a remembered generation")
    if occupied &* 8 >= capacity &* 7 { layOut() }
    if entry.offset &- baseOffset >= Int64(Self.offsetMask) { rebase(around: entry.offset) }
    place(Slot(fingerprint: entry.fingerprint, word: pack(entry, generation)), entry.window)
  }

  /// Notes that what a remembered fingerprint stands for was taken back.
  mutating func markVoided(_ fingerprint: UInt64) {
    guard let at = position(of: fingerprint) else { return }
    unsafe slots[at].word |= 1 << 63
  }

  /// One is added to the offset so that a used slot's word is never zero. An offset too far from the base is held at the end:
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
    for at in 0..<capacity where unsafe slots[at].word != 0 {
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
    var at = Int(truncatingIfNeeded: new.fingerprint) & (capacity &- 1)
    while unsafe slots[at].word != 0 { at = (at &+ 1) & (capacity &- 1) }
    unsafe slots[at] = new
    unsafe windows[at] = window
    occupied &+= 1
  }

  /// Drops what has passed, and doubles unless that made enough room.
  private mutating func layOut() {
    laidOutAt = generation
    var remembered = 0
    for at in 0..<capacity where unsafe slots[at].word != 0 && isRemembered(slots[at]) { remembered += 1 }
    let oldSlots = unsafe slots
    let oldWindows = unsafe windows
    let oldCapacity = capacity
    while remembered * 2 > capacity { capacity *= 2 }
    unsafe slots = Self.allocate(capacity)
    unsafe windows = .allocate(capacity: capacity)
    occupied = 0
    for at in 0..<oldCapacity {
      let slot = unsafe oldSlots[at]
      if slot.word != 0, isRemembered(slot) { unsafe place(slot, oldWindows[at]) }
    }
    unsafe oldSlots.deallocate()
    unsafe oldWindows.deallocate()
  }
}
