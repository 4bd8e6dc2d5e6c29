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
/// and offset, generation, content check and void mark in one word. A full bucket sends on to the next one. Nothing is swept.
///
/// **Growth.** Buckets lie in segments of 256, told apart by as many bits of the fingerprint as they are many, through a directory
/// that stays in the processor's cache. A segment is full at nineteen twentieths: never all of them are, and together they come to less
/// than 24 bytes an identity. A full one drops what has passed and, if that was less than half, hands every second one of the rest to
/// a new segment. So counting is never held up by more than a segment, and memory is used on where it is: to take fresh memory costs
/// more than all else that is done with it.
///
/// **What it gives up.** The event's bytes. Two identities of one partition share a 64-bit fingerprint once in 2^64 pairs: with 10^9
/// remembered, a new event is wrongly a duplicate or a conflict with a chance of 10^9 / 2^64, once in 18 billion events. A
/// conflict is taken for a duplicate once in 2^21; neither is counted, so no sum depends on it.
@safe
struct IdentityTable: ~Copyable {
  static let generationsRemembered = Int64(IdentitySegment.generationsRemembered)

  typealias Seat = IdentitySegment.Seat
  private typealias Slot = IdentitySegment.Slot

  struct Known: Equatable {
    var content: UInt32
    var offset: Int64
    var window: Int32
    var generation: Int64
    var voided: Bool
  }

  private static let offsetMask: UInt64 = (1 << 34) - 1
  private static let offsetReach: Int64 = 1 << 33
  /// Of a segment.
  private static let buckets = 256
  /// A slot tells its generation modulo 64. Laid out anew this often, and never stepping on by more than sixteen without forgetting
  /// all, no slot is older than 16 + 31 + 16 generations, so that an age is never mistaken for a younger one.
  private static let generationsBetweenLayouts: Int64 = 32

  private typealias SegmentPointer = UnsafeMutablePointer<IdentitySegment>

  private var memory = MemoryPieces()
  /// By bits of the fingerprint; a segment that is told apart by fewer stands here more than once.
  private var directory: UnsafeMutablePointer<SegmentPointer>
  private var directoryMask = 0
  private var segmentCount = 1
  /// An upper bound: passed identities stay until room is made.
  private(set) var count = 0
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
    unsafe directory = .allocate(capacity: 1)
    let first = SegmentPointer.allocate(capacity: 1)
    unsafe first.initialize(to: IdentitySegment(buckets: Self.buckets, depth: 0, from: &memory))
    unsafe directory.initialize(to: first)
    generationEndMs = end(of: generation)
  }

  deinit {
    // Backwards: a segment is asked at all its places, and its first one comes last.
    for place in (0...directoryMask).reversed() where isFirst(place) { unsafe directory[place].deallocate() }
    unsafe directory.deallocate()
  }

  var capacity: Int {
    var slots = 0
    unsafe forEachSegment { unsafe slots += $0.pointee.capacity }
    return slots
  }

  /// All memory that is held.
  var bytes: Int {
    unsafe memory.bytes + (directoryMask + 1) * MemoryLayout<SegmentPointer>.stride + segmentCount
      * MemoryLayout<IdentitySegment>.stride
  }

  /// Whether a segment stands here first: then no bit beyond its own is set.
  private func isFirst(_ place: Int) -> Bool { unsafe place >> directory[place].pointee.depth == 0 }

  private func forEachSegment(_ body: (SegmentPointer) -> Void) {
    for place in 0...directoryMask where isFirst(place) { unsafe body(directory[place]) }
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
      for place in 0...directoryMask where isFirst(place) { putBack(unsafe lift(directory[place])) }
    }
  }

  private mutating func forgetAll() {
    laidOutAt = generation
    count = 0
    unsafe forEachSegment { unsafe $0.pointee.clear() }
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
    let slot = seat.slot
    return Known(
      content: UInt32(slot.word >> 40 & 0x1F_FFFF), offset: baseOffset &+ Int64(slot.word & Self.offsetMask) &- 1,
      window: slot.window, generation: generation - Int64(age(slot.word)), voided: slot.word >> 63 == 1)
  }

  /// Brings near what `seat` will look at first.
  @inline(__always)
  func warm(_ fingerprint: UInt64) { unsafe segment(of: fingerprint).pointee.warm(fingerprint) }

  /// Brings near where `insert` will most likely write, once what `warm` asked for is there.
  @inline(__always)
  func warmSlot(_ fingerprint: UInt64) { unsafe segment(of: fingerprint).pointee.warmSlot(fingerprint) }

  /// Buckets are told apart by the bits below, and tags by those above.
  @inline(__always)
  private static func place(_ fingerprint: UInt64) -> Int { Int(truncatingIfNeeded: fingerprint >> 24) }

  @inline(__always)
  private func segment(of fingerprint: UInt64) -> SegmentPointer {
    unsafe directory[Self.place(fingerprint) & directoryMask]
  }

  /// Where a fingerprint stands, or would stand: good until the table takes another one.
  @inline(__always)
  func seat(of fingerprint: UInt64) -> Seat {
    unsafe segment(of: fingerprint).pointee.seat(of: fingerprint, in: generation)
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
    while unsafe segment(of: entry.fingerprint).pointee.isFull {
      makeRoom(for: entry.fingerprint)
      seat = self.seat(of: entry.fingerprint)
    }
    let slot = Slot(fingerprint: entry.fingerprint, word: pack(entry, generation), window: entry.window)
    unsafe segment(of: entry.fingerprint).pointee.put(slot, at: seat)
    count &+= 1
  }

  /// The same for the same identities, however the table came to hold them.
  var digest: UInt64 {
    var sum: UInt64 = 0
    forEachSeat { seat in
      let slot = seat.slot
      guard isRemembered(slot.word) else { return }
      let offset = baseOffset &+ Int64(slot.word & Self.offsetMask)
      let rest = slot.word >> 40 ^ UInt64(bitPattern: generation &- Int64(age(slot.word))) << 24
      sum &+= Digest.of(
        slot.fingerprint, UInt64(bitPattern: offset), rest, UInt64(UInt32(bitPattern: slot.window)))
    }
    return sum
  }

  /// Notes that what a remembered fingerprint stands for was taken back.
  mutating func markVoided(_ fingerprint: UInt64) {
    let seat = seat(of: fingerprint)
    if seat.isTaken { seat.word |= 1 << 63 }
  }

  private func forEachSeat(_ body: (Seat) -> Void) {
    unsafe forEachSegment { unsafe $0.pointee.forEach(body) }
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
    forEachSeat { seat in
      let delta = min(max(Int64(seat.word & Self.offsetMask) &- moved, 1), Int64(Self.offsetMask))
      seat.word = seat.word & ~Self.offsetMask | UInt64(delta)
    }
  }

  private func age(_ word: UInt64) -> UInt64 { IdentitySegment.age(word, in: generation) }

  private func isRemembered(_ word: UInt64) -> Bool { age(word) <= UInt64(Self.generationsRemembered) }

  /// Drops what has passed from the segment of a fingerprint and, unless that made enough room, gives it twice the room: another segment.
  /// Where more bits of the fingerprint would not tell its identities apart, as somebody who picks them could bring about, it takes
  /// more buckets instead, so that the directory stays in proportion.
  private mutating func makeRoom(for fingerprint: UInt64) {
    let segment = unsafe segment(of: fingerprint)
    let (buckets, depth) = unsafe (segment.pointee.bucketCount, segment.pointee.depth)
    let remembered = unsafe lift(segment)
    if remembered.count * 2 > buckets * IdentitySegment.bucketSlots {
      if 1 << depth > segmentCount * 8 {
        unsafe segment.pointee = IdentitySegment(buckets: buckets * 2, depth: depth, from: &memory)
      } else {
        unsafe split(segment, at: Self.place(fingerprint))
      }
    }
    putBack(remembered)
  }

  /// Gives every second place of an empty segment in the directory to a new one.
  private mutating func split(_ segment: SegmentPointer, at place: Int) {
    let bit = unsafe 1 << segment.pointee.depth
    if bit > directoryMask { widenDirectory() }
    unsafe segment.pointee.depth += 1
    let other = SegmentPointer.allocate(capacity: 1)
    let (buckets, depth) = unsafe (segment.pointee.bucketCount, segment.pointee.depth)
    unsafe other.initialize(to: IdentitySegment(buckets: buckets, depth: depth, from: &memory))
    segmentCount += 1
    for place in stride(from: place & (bit - 1) | bit, through: directoryMask, by: 2 * bit) {
      unsafe directory[place] = other
    }
  }

  private mutating func widenDirectory() {
    let count = directoryMask + 1
    let wider = UnsafeMutablePointer<SegmentPointer>.allocate(capacity: 2 * count)
    unsafe wider.initialize(from: directory, count: count)
    unsafe (wider + count).initialize(from: directory, count: count)
    unsafe directory.deallocate()
    unsafe directory = wider
    directoryMask = 2 * count - 1
  }

  /// Takes all that is remembered out of a segment, and leaves it empty.
  private mutating func lift(_ segment: SegmentPointer) -> [Slot] {
    var remembered: [Slot] = []
    unsafe remembered.reserveCapacity(segment.pointee.occupied)
    unsafe segment.pointee.forEach { seat in
      let slot = seat.slot
      if isRemembered(slot.word) { remembered.append(slot) }
    }
    unsafe count -= segment.pointee.occupied
    unsafe segment.pointee.clear()
    return remembered
  }

  private mutating func putBack(_ slots: [Slot]) {
    count += slots.count
    for index in slots.indices { unsafe segment(of: slots[index].fingerprint).pointee.put(slots[index]) }
  }
}
