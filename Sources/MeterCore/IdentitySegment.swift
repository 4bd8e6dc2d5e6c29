import CTable

/// A stretch of an identity table: buckets of twelve slots, in four lines of the processor's cache each.
@safe
struct IdentitySegment {
  struct Slot {
    var fingerprint: UInt64
    /// Bits 0..<34 offset from the table's base, 34..<40 generation modulo 64, 40..<61 content, 63 voided.
    var word: UInt64
    var window: Int32
  }

  fileprivate struct Held {
    var fingerprint: UInt64
    var word: UInt64
  }

  /// Of a slot that is empty only its tag is ever looked at.
  fileprivate struct Bucket {
    /// A byte for each slot, zero where it is empty, and four that are of no meaning.
    var tags: InlineArray<16, UInt8>
    var windows: InlineArray<12, Int32>
    var held: InlineArray<12, Held>
  }

  /// Where a fingerprint stands, or would stand: good until room is made.
  @safe
  struct Seat {
    fileprivate var bucket: UnsafeMutablePointer<Bucket>
    fileprivate var at: Int
    fileprivate(set) var isTaken: Bool

    var word: UInt64 {
      @inline(__always) get { unsafe bucket.pointee.held[at].word }
      @inline(__always) nonmutating set { unsafe bucket.pointee.held[at].word = newValue }
    }

    var slot: Slot {
      @inline(__always) get {
        let held = unsafe bucket.pointee.held[at]
        return unsafe Slot(fingerprint: held.fingerprint, word: held.word, window: bucket.pointee.windows[at])
      }
    }
  }

  static let bucketSlots = 12
  static let generationsRemembered = 16
  private static let allSlots: UInt32 = (1 << 12) - 1

  private var buckets: UnsafeMutablePointer<Bucket>
  private let mask: Int
  /// Slots that are not empty, passed ones included.
  private(set) var occupied = 0
  /// When as many are, room is made.
  private let occupiedMax: Int
  /// So many bits of a fingerprint tell its own from all others.
  var depth: Int

  init(buckets count: Int, depth: Int, from memory: inout MemoryPieces) {
    unsafe buckets = memory.take(Bucket.self, count)
    self.depth = depth
    mask = count - 1
    occupiedMax = (count * Self.bucketSlots * 19 + 19) / 20
    clear()
  }

  var bucketCount: Int { mask + 1 }
  var capacity: Int { bucketCount * Self.bucketSlots }
  var isFull: Bool {
    @inline(__always) get { occupied >= occupiedMax }
  }

  mutating func clear() {
    for number in 0...mask { unsafe buckets[number].tags = InlineArray(repeating: 0) }
    occupied = 0
  }

  @inline(__always)
  private func bucket(_ number: Int) -> UnsafeMutablePointer<Bucket> { unsafe buckets + number & mask }

  /// Brings near what `seat` will look at first.
  @inline(__always)
  func warm(_ fingerprint: UInt64) { unsafe ctable_fetch(bucket(Int(truncatingIfNeeded: fingerprint))) }

  /// Brings near where `put` will most likely write, once what `warm` asked for is there.
  @inline(__always)
  func warmSlot(_ fingerprint: UInt64) {
    let bucket = unsafe bucket(Int(truncatingIfNeeded: fingerprint))
    let at = unsafe Self.empty(bucket).trailingZeroBitCount
    unsafe ctable_fetch(UnsafeRawPointer(bucket) + 64 + at &* MemoryLayout<Held>.stride)
  }

  /// Never zero.
  @inline(__always)
  private static func tag(_ fingerprint: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: fingerprint >> 56) | 0x80 }

  /// Slots that hold nothing, a bit for each.
  @inline(__always)
  private static func empty(_ bucket: UnsafeMutablePointer<Bucket>) -> UInt32 {
    unsafe ctable_which(bucket, 0) & allSlots
  }

  /// How many generations have gone by since a word was packed, modulo 64.
  @inline(__always)
  static func age(_ word: UInt64, in generation: Int64) -> UInt64 {
    (UInt64(bitPattern: generation) &- (word >> 34)) & 63
  }

  /// `generation` is the present one: what is older than is remembered does not take a seat.
  @inline(__always)
  func seat(of fingerprint: UInt64, in generation: Int64) -> Seat {
    let tag = Self.tag(fingerprint)
    var number = Int(truncatingIfNeeded: fingerprint)
    while true {
      let bucket = unsafe bucket(number)
      var hits = unsafe ctable_which(bucket, tag) & Self.allSlots
      while hits != 0 {
        let at = hits.trailingZeroBitCount
        let held = unsafe bucket.pointee.held[at]
        if held.fingerprint == fingerprint, Self.age(held.word, in: generation) <= Self.generationsRemembered {
          return unsafe Seat(bucket: bucket, at: at, isTaken: true)
        }
        hits &= hits &- 1
      }
      let free = unsafe Self.empty(bucket)
      if free != 0 { return unsafe Seat(bucket: bucket, at: free.trailingZeroBitCount, isTaken: false) }
      number &+= 1
    }
  }

  @inline(__always)
  mutating func put(_ slot: Slot, at seat: Seat) {
    unsafe seat.bucket.pointee.tags[seat.at] = Self.tag(slot.fingerprint)
    unsafe seat.bucket.pointee.held[seat.at] = Held(fingerprint: slot.fingerprint, word: slot.word)
    unsafe seat.bucket.pointee.windows[seat.at] = slot.window
    occupied &+= 1
  }

  /// Puts one that is not there at the first seat that is empty.
  mutating func put(_ slot: Slot) {
    var number = Int(truncatingIfNeeded: slot.fingerprint)
    while unsafe Self.empty(bucket(number)) == 0 { number &+= 1 }
    let bucket = unsafe bucket(number)
    put(slot, at: unsafe Seat(bucket: bucket, at: Self.empty(bucket).trailingZeroBitCount, isTaken: false))
  }

  @inline(__always)
  func forEach(_ body: (Seat) -> Void) {
    for number in 0...mask {
      let bucket = unsafe bucket(number)
      var used = unsafe ~Self.empty(bucket) & Self.allSlots
      while used != 0 {
        unsafe body(Seat(bucket: bucket, at: used.trailingZeroBitCount, isTaken: true))
        used &= used &- 1
      }
    }
  }
}
