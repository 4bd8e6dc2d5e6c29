import CTable
import MeterModel

/// Remembers which events were counted, for as long as they could still be repeated.
///
/// **Age.** An identity belongs to the generation in which it was counted: the partition's high water (the largest Kafka
/// timestamp accepted) divided by a sixteenth of the dedupe window, rounded up to a millisecond. It is remembered until
/// the high water is more than sixteen generations on, so for at least the window and at most a sixteenth longer. That
/// is a function of the log alone: restarts, batches and flushes cannot change what is remembered, and whole generations
/// are forgotten, in memory and in the database alike.
///
/// **Layout.** Buckets of twelve slots in four lines of the processor's cache, with two of which an identity is looked up and remembered.
/// The first line has a tag of one byte for each slot, zero where the slot is empty, else seven bits of the fingerprint, all looked
/// at in one go; and, because only voids ask for it, the window that was counted in. In the others each slot is the fingerprint,
/// and offset, generation, content check and void mark in one word. A full bucket sends on to the next one. Nothing is swept. Sixteen
/// segments, told apart by bits of the fingerprint, grow each on its own at nine tenths, which is below 24 bytes an identity at the
/// fullest: so growing holds counting up for a sixteenth of the table, and drops what has passed on the way.
///
/// **What it gives up.** The event's bytes. Two identities of one partition share a 64-bit fingerprint once in 2^64 pairs: with 10^9
/// remembered, a new event is wrongly a duplicate or a conflict with a chance of 10^9 / 2^64, once in 18 billion events. A
/// conflict is taken for a duplicate once in 2^21; neither is counted, so no sum depends on it.
@safe
struct IdentityTable: ~Copyable {
  static let generationsRemembered: Int64 = 16

  fileprivate struct Slot {
    var fingerprint: UInt64
    /// Bits 0..<34 offset less `baseOffset`, 34..<40 generation modulo 64, 40..<61 content, 63 voided.
    var word: UInt64
  }

  fileprivate struct Bucket {
    /// A byte for each slot, and four that are of no meaning.
    var tags: InlineArray<16, UInt8>
    var windows: InlineArray<12, Int32>
    var slots: InlineArray<12, Slot>
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
  private static let bucketSlots = 12
  private static let allSlots: UInt32 = (1 << 12) - 1
  private static let segmentCount = 16
  /// Of a segment.
  private static let bucketsMin = 4
  /// A slot tells its generation modulo 64. Laid out anew this often, and never stepping on by more than sixteen without forgetting
  /// all, no slot is older than 16 + 31 + 16 generations, so that an age is never mistaken for a younger one.
  private static let generationsBetweenLayouts: Int64 = 32

  @safe
  private struct Segment {
    let buckets: UnsafeMutablePointer<Bucket>
    let mask: Int
    /// Slots that are not empty, passed ones included.
    var occupied = 0
    /// When as many are, it is laid out anew.
    let occupiedMax: Int

    init(_ count: Int) {
      unsafe buckets = IdentityTable.blank(count)
      mask = count - 1
      occupiedMax = (count * bucketSlots * 9 + 9) / 10
    }

    var capacity: Int { (mask + 1) * bucketSlots }
  }

  private let segments: UnsafeMutablePointer<Segment>
  private var baseOffset: Int64
  private let generationMs: Int64
  private(set) var generation: Int64 = 0
  /// Where the present generation ends.
  private(set) var generationEndMs: Int64 = 0
  private var laidOutAt: Int64 = 0

  /// Offsets are kept by their distance from a base that lies as far below the cursor as there is room above it, so that pages may
  /// be restored in any order.
  init(window: TimeSpan, cursor: Int64) {
    // Rounded up: sixteen generations must not be shorter than the window.
    generationMs = max(1, (window.milliseconds + Self.generationsRemembered - 1) / Self.generationsRemembered)
    baseOffset = cursor &- Self.offsetReach
    unsafe segments = .allocate(capacity: Self.segmentCount)
    for at in 0..<Self.segmentCount {
      unsafe (segments + at).initialize(to: Segment(Self.bucketsMin))
    }
    generationEndMs = end(of: generation)
  }

  deinit {
    for at in 0..<Self.segmentCount { unsafe segments[at].buckets.deallocate() }
    unsafe segments.deallocate()
  }

  var capacity: Int { (0..<Self.segmentCount).reduce(0) { unsafe $0 + segments[$1].capacity } }
  var bytes: Int { capacity / Self.bucketSlots * MemoryLayout<Bucket>.stride }
  /// An upper bound: passed identities stay until the table is laid out anew.
  var count: Int { (0..<Self.segmentCount).reduce(0) { unsafe $0 + segments[$1].occupied } }

  /// Of a slot that is empty only its tag is ever looked at.
  private static func blank(_ count: Int) -> UnsafeMutablePointer<Bucket> {
    let memory = unsafe LargeMemory.allocate(Bucket.self, count)
    for at in 0..<count { unsafe memory[at].tags = InlineArray(repeating: 0) }
    return unsafe memory
  }

  func generation(atHighWater ms: Int64) -> Int64 {
    let (quotient, remainder) = ms.quotientAndRemainder(dividingBy: generationMs)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// Moves on to the generation of a high water; it never falls.
  @inline(__always)
  mutating func advance(toHighWater ms: Int64) {
    if ms > generationEndMs { stepOn(toHighWater: ms) }
  }

  private mutating func stepOn(toHighWater ms: Int64) {
    let now = generation(atHighWater: ms)
    guard now > generation else { return }
    let step = now &- generation
    generation = now
    generationEndMs = end(of: now)
    if step > Self.generationsRemembered {
      forgetAll()
    } else if now - laidOutAt >= Self.generationsBetweenLayouts {
      laidOutAt = now
      for segment in 0..<Self.segmentCount { layOut(segment) }
    }
  }

  private mutating func forgetAll() {
    laidOutAt = generation
    for at in 0..<Self.segmentCount where unsafe segments[at].occupied > 0 {
      for bucket in unsafe 0...segments[at].mask {
        unsafe segments[at].buckets[bucket].tags = InlineArray(repeating: 0)
      }
      unsafe segments[at].occupied = 0
    }
  }

  /// The oldest generation that is still remembered, and where it begins.
  var oldest: Int64 { generation - Self.generationsRemembered }
  var forgetBeforeMs: Int64 { begin(of: oldest) }

  func end(of generation: Int64) -> Int64 { begin(of: generation + 1) &- 1 }

  /// Held at the ends of the range: a timestamp is whatever a producer wrote.
  private func begin(of generation: Int64) -> Int64 {
    let (ms, overflow) = generation.multipliedReportingOverflow(by: generationMs)
    return overflow ? (generation < 0 ? .min + 1 : .max) : ms
  }

  func find(_ fingerprint: UInt64) -> Known? {
    let seat = seat(of: fingerprint)
    return seat.isTaken ? known(at: seat) : nil
  }

  /// What is remembered at a seat that is taken.
  func known(at seat: Seat) -> Known {
    let word = unsafe seat.bucket.pointee.slots[seat.at].word
    return Known(
      content: UInt32(word >> 40 & 0x1F_FFFF), offset: baseOffset &+ Int64(word & Self.offsetMask) &- 1,
      window: unsafe seat.bucket.pointee.windows[seat.at], generation: generation - Int64(age(word)),
      voided: word >> 63 == 1)
  }

  /// Brings near what `find` will look at first.
  @inline(__always)
  func warm(_ fingerprint: UInt64) { unsafe ctable_fetch(bucket(fingerprint)) }

  /// Brings near where `insert` will most likely write, once what `warm` asked for is there.
  @inline(__always)
  func warmSlot(_ fingerprint: UInt64) {
    let bucket = unsafe bucket(fingerprint)
    let at = unsafe Self.empty(bucket).trailingZeroBitCount
    unsafe ctable_fetch(UnsafeRawPointer(bucket) + 64 + at &* MemoryLayout<Slot>.stride)
  }

  @inline(__always)
  private func bucket(_ fingerprint: UInt64) -> UnsafeMutablePointer<Bucket> {
    let segment = unsafe segments[Self.segment(fingerprint)]
    return unsafe segment.buckets + Int(truncatingIfNeeded: fingerprint) & segment.mask
  }

  @inline(__always)
  private static func segment(_ fingerprint: UInt64) -> Int {
    Int(truncatingIfNeeded: fingerprint >> 52) & (segmentCount &- 1)
  }

  /// Never zero.
  @inline(__always)
  private static func tag(_ fingerprint: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: fingerprint >> 56) | 0x80 }

  /// Slots that hold nothing, a bit for each.
  @inline(__always)
  private static func empty(_ bucket: UnsafeMutablePointer<Bucket>) -> UInt32 {
    unsafe ctable_which(bucket, 0) & allSlots
  }

  /// Where a fingerprint stands, or would stand: good until the table takes another one.
  @safe
  struct Seat {
    fileprivate var bucket: UnsafeMutablePointer<Bucket>
    fileprivate var at: Int
    fileprivate(set) var isTaken: Bool
  }

  @inline(__always)
  func seat(of fingerprint: UInt64) -> Seat {
    let tag = Self.tag(fingerprint)
    let segment = unsafe segments + Self.segment(fingerprint)
    let (buckets, mask) = unsafe (segment.pointee.buckets, segment.pointee.mask)
    var number = Int(truncatingIfNeeded: fingerprint)
    while true {
      let bucket = unsafe buckets + number & mask
      var hits = unsafe ctable_which(bucket, tag) & Self.allSlots
      while hits != 0 {
        let at = hits.trailingZeroBitCount
        let slot = unsafe bucket.pointee.slots[at]
        if slot.fingerprint == fingerprint, isRemembered(slot) {
          return unsafe Seat(bucket: bucket, at: at, isTaken: true)
        }
        hits &= hits &- 1
      }
      let free = unsafe Self.empty(bucket)
      if free != 0 { return unsafe Seat(bucket: bucket, at: free.trailingZeroBitCount, isTaken: false) }
      number &+= 1
    }
  }

  /// Remembers a fingerprint that `find` does not know, as of this generation or an earlier one that is still remembered.
  mutating func insert(_ entry: IdentityPage.Entry, generation: Int64) {
    precondition(
      generation <= self.generation && generation >= oldest, "an identity belongs to a remembered generation")
    insert(entry, at: seat(of: entry.fingerprint), generation: generation)
  }

  /// Remembers a fingerprint as of this generation, at its seat, which is not taken.
  @inline(__always)
  mutating func insert(_ entry: IdentityPage.Entry, at seat: Seat) { insert(entry, at: seat, generation: generation) }

  @inline(__always)
  private mutating func insert(_ entry: IdentityPage.Entry, at found: Seat, generation: Int64) {
    if entry.offset &- baseOffset >= Int64(Self.offsetMask) { rebase(around: entry.offset) }
    var seat = found
    let segment = unsafe segments + Self.segment(entry.fingerprint)
    if unsafe segment.pointee.occupied >= segment.pointee.occupiedMax {
      layOut(Self.segment(entry.fingerprint))
      seat = self.seat(of: entry.fingerprint)
    }
    let slot = Slot(fingerprint: entry.fingerprint, word: pack(entry, generation))
    Self.put(slot, entry.window, at: seat)
    unsafe segment.pointee.occupied &+= 1
  }

  /// The same for the same identities, however the table came to hold them.
  var digest: UInt64 {
    var sum: UInt64 = 0
    forEachUsed { seat in
      let slot = unsafe seat.bucket.pointee.slots[seat.at]
      guard isRemembered(slot) else { return }
      let offset = baseOffset &+ Int64(slot.word & Self.offsetMask)
      let rest = slot.word >> 40 ^ UInt64(bitPattern: generation &- Int64(age(slot.word))) << 24
      let window = unsafe UInt64(UInt32(bitPattern: seat.bucket.pointee.windows[seat.at]))
      sum &+= Digest.of(slot.fingerprint, UInt64(bitPattern: offset), rest, window)
    }
    return sum
  }

  /// Notes that what a remembered fingerprint stands for was taken back.
  mutating func markVoided(_ fingerprint: UInt64) {
    let seat = seat(of: fingerprint)
    if seat.isTaken { unsafe seat.bucket.pointee.slots[seat.at].word |= 1 << 63 }
  }

  private func forEachUsed(_ body: (Seat) -> Void) {
    for segment in 0..<Self.segmentCount { unsafe Self.forEachUsed(in: segments[segment], body) }
  }

  @inline(__always)
  private static func forEachUsed(in segment: Segment, _ body: (Seat) -> Void) {
    for number in 0...segment.mask {
      let bucket = unsafe segment.buckets + number
      var used = unsafe ~Self.empty(bucket) & allSlots
      while used != 0 {
        unsafe body(Seat(bucket: bucket, at: used.trailingZeroBitCount, isTaken: true))
        used &= used &- 1
      }
    }
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
    forEachUsed { seat in
      let word = unsafe seat.bucket.pointee.slots[seat.at].word
      let delta = min(max(Int64(word & Self.offsetMask) &- moved, 1), Int64(Self.offsetMask))
      unsafe seat.bucket.pointee.slots[seat.at].word = word & ~Self.offsetMask | UInt64(delta)
    }
  }

  @inline(__always)
  private func age(_ word: UInt64) -> UInt64 { (UInt64(bitPattern: generation) &- (word >> 34)) & 63 }

  @inline(__always)
  private func isRemembered(_ slot: Slot) -> Bool { age(slot.word) <= UInt64(Self.generationsRemembered) }

  @inline(__always)
  private static func put(_ slot: Slot, _ window: Int32, at seat: Seat) {
    unsafe seat.bucket.pointee.tags[seat.at] = tag(slot.fingerprint)
    unsafe seat.bucket.pointee.slots[seat.at] = slot
    unsafe seat.bucket.pointee.windows[seat.at] = window
  }

  /// The first seat in a segment that is empty.
  @inline(__always)
  private static func vacancy(for fingerprint: UInt64, in segment: Segment) -> Seat {
    var number = Int(truncatingIfNeeded: fingerprint)
    while true {
      let bucket = unsafe segment.buckets + number & segment.mask
      let free = unsafe empty(bucket)
      if free != 0 { return unsafe Seat(bucket: bucket, at: free.trailingZeroBitCount, isTaken: false) }
      number &+= 1
    }
  }

  /// Drops what has passed, and doubles unless that made enough room. Identities of one bucket go to one of two, so that the new memory is
  /// written from front to back in two streams.
  private mutating func layOut(_ index: Int) {
    let old = unsafe segments[index]
    var remembered = 0
    Self.forEachUsed(in: old) { seat in
      if unsafe isRemembered(seat.bucket.pointee.slots[seat.at]) { remembered += 1 }
    }
    var count = old.mask + 1
    while remembered * 2 > count * Self.bucketSlots { count *= 2 }
    var new = Segment(count)
    Self.forEachUsed(in: old) { seat in
      let slot = unsafe seat.bucket.pointee.slots[seat.at]
      guard isRemembered(slot) else { return }
      let window = unsafe seat.bucket.pointee.windows[seat.at]
      Self.put(slot, window, at: Self.vacancy(for: slot.fingerprint, in: new))
    }
    new.occupied = remembered
    unsafe old.buckets.deallocate()
    unsafe segments[index] = new
  }
}
