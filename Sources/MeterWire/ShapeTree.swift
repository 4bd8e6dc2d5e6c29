import CScan

/// The layouts that events of late were written in, as a tree: at each node a literal that must stand in the text to the byte, then a
/// slot that holds any plain value, then the nodes that can follow.
///
/// **Purpose.** An event whose layout is known needs no general parser: its literals are compared, its slots are scanned for their
/// end, and everything else was worked out when the layout was learnt.
///
/// **Why it is exact.** A literal was part of an event that passed every rule, and what may stand in a slot cannot change what
/// surrounds it: a string of printable ASCII without quote and backslash, or one whole number or word by JSON's grammar. The
/// text as a whole is then JSON, has the same members in the same places, and each member's name is the one that was seen. All
/// that could be wrong with a value (length, time, number) is looked at again for every event; at the least doubt the event goes
/// the general way, which alone refuses. So what was learnt changes how fast an event is read, and never what it becomes.
///
/// **What it gives up.** Values with escapes or beyond ASCII go the general way, as do corrections, batches and binary mode. The
/// tree is bounded; one that is full of layouts that nobody uses any more is forgotten and learnt anew.
@safe
struct ShapeTree: ~Copyable {
  static let nodesMax = 1_024
  static let slotsMax = 64
  /// A node with more followers than this makes no more: trying them all would cost more than the general way.
  static let followersMax = 16
  private static let textMax = 64 << 10
  private static let readAhead = 16
  /// How many events a full tree may miss before it is forgotten.
  private static let missesMax = 4_096

  enum Ending: UInt8 {
    case string
    case bare
    /// Nothing follows the literal.
    case end
  }

  private struct Node {
    var literal: Int32
    var length: Int32
    var ending: Ending
    var shape: Int32
    var firstFollower: Int32
    var next: Int32
  }

  private let nodes: UnsafeMutablePointer<Node>
  private var nodeCount = 0
  /// Literals, with room to read past the last.
  private let text: UnsafeMutablePointer<UInt8>
  private var textCount = 0
  private(set) var shapes: [Shape] = []
  private(set) var fields: [Shape.Field] = []
  private(set) var steps: [Shape.Step] = []
  /// Of the text that was matched last.
  private let slots: UnsafeMutablePointer<Shape.Slot>
  private var isFull = false
  private var misses = 0

  init() {
    unsafe nodes = .allocate(capacity: Self.nodesMax)
    unsafe text = .allocate(capacity: Self.textMax + Self.readAhead)
    unsafe text.initialize(repeating: 0, count: Self.textMax + Self.readAhead)
    unsafe slots = .allocate(capacity: Self.slotsMax)
    unsafe slots.initialize(repeating: Shape.Slot(start: 0, length: 0), count: Self.slotsMax)
  }

  deinit {
    unsafe nodes.deallocate()
    unsafe text.deallocate()
    unsafe slots.deallocate()
  }

  @inline(__always)
  func slot(_ index: Int32) -> Shape.Slot {
    precondition(index >= 0 && index < Self.slotsMax, "a shape names slots that are there")
    return unsafe slots[Int(index)]
  }

  mutating func forget() {
    nodeCount = 0
    textCount = 0
    shapes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
    steps.removeAll(keepingCapacity: true)
    isFull = false
    misses = 0
  }

  /// The shape of the text, whose slots `slot` then has; -1 when it is none that is known.
  func match(_ arena: Swift.Span<UInt8>, from start: Int, to end: Int) -> Int {
    guard nodeCount > 0 else { return -1 }
    precondition(start >= 0 && start <= end && end &+ Self.readAhead <= arena.count, "texts are padded")
    return unsafe arena.withUnsafeBufferPointer { unsafe match($0.baseAddress!, start, end, arena) }
  }

  /// Positions stay at or below `end`, indices are those of nodes, and no path has more slots than there is room for.
  @inline(__always)
  private func match(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ arena: Swift.Span<UInt8>) -> Int {
    var at = start
    var slot = 0
    var index: Int32 = 0
    repeat {
      let node = unsafe nodes + Int(index)
      let length = unsafe Int(node.pointee.length)
      let behind = at &+ length
      if behind <= end, unsafe cscan_same(bytes + at, text + Int(node.pointee.literal), length) {
        var stop = -1
        switch unsafe node.pointee.ending {
        case .string:
          stop = unsafe behind &+ cscan_plain(bytes + behind, end &- behind)
          if stop >= end { stop = -1 } else if unsafe bytes[stop] != 0x22 { stop = -1 }
        case .bare:
          stop = Self.bareEnd(arena, from: behind, to: end)
        case .end:
          if behind == end { return unsafe Int(node.pointee.shape) }
        }
        if stop >= 0 {
          unsafe slots[slot] = Shape.Slot(
            start: Int32(truncatingIfNeeded: behind), length: Int32(truncatingIfNeeded: stop &- behind))
          slot &+= 1
          at = stop
          index = unsafe node.pointee.firstFollower
          continue
        }
      }
      index = unsafe node.pointee.next
    } while index >= 0
    return -1
  }

  /// Where a whole number of one to seven digits ends that is followed by what can follow a number, nil if it is none such.
  @inline(__always)
  private static func wholeEnd(_ word: UInt64, _ start: Int, _ end: Int) -> Int? {
    let values = word ^ 0x3030_3030_3030_3030
    // A carry may spoil a byte above one that is no digit, never below.
    let others = (values | (values &+ 0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0
    let digits = others.trailingZeroBitCount >> 3
    guard digits > 0, digits < 8, start &+ digits <= end, values & 0xFF != 0 || digits == 1 else { return nil }
    switch UInt8(truncatingIfNeeded: word >> UInt64(8 &* digits)) {
    case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): return nil
    default: return start &+ digits
    }
  }

  /// Where a number, `true`, `false` or `null` ends, or -1.
  @inline(__always)
  private static func bareEnd(_ arena: Swift.Span<UInt8>, from start: Int, to end: Int) -> Int {
    guard start < end else { return -1 }
    let word = arena.word(at: start)
    switch UInt8(truncatingIfNeeded: word) {
    case UInt8(ascii: "t"): return word & 0xFFFF_FFFF == 0x6575_7274 && start &+ 4 <= end ? start &+ 4 : -1
    case UInt8(ascii: "n"): return word & 0xFFFF_FFFF == 0x6C6C_756E && start &+ 4 <= end ? start &+ 4 : -1
    case UInt8(ascii: "f"): return word & 0xFF_FFFF_FFFF == 0x65_736C_6166 && start &+ 5 <= end ? start &+ 5 : -1
    default: return wholeEnd(word, start, end) ?? JSONNumber.end(arena, from: start, to: end) ?? -1
    }
  }
}

extension ShapeTree {
  /// A layout while it is being taken from an event.
  struct Draft {
    struct Part {
      var ending: Ending
      var start: Int
      var end: Int
    }

    /// Literals, each with the slot that follows it; the last one has none.
    private(set) var parts: [Part] = []
    var steps: [Shape.Step] = []
    var fields: [Shape.Field]
    var shape: Shape
    /// Where the literal at hand begins.
    private var literal: Int

    init(from start: Int, type: Int32, fields: Int) {
      self.fields = Array(repeating: .missing, count: fields)
      shape = Shape(type: type, id: -1, source: -1, subject: -1, time: -1, firstField: 0, firstStep: 0, stepCount: 0)
      literal = start
    }

    var nextSlot: Int32 { Int32(parts.count) }

    /// Whether there are not too many slots, nor too many objects inside each other.
    var isWhole: Bool {
      parts.count <= slotsMax && steps.count <= slotsMax && shape.id >= 0 && shape.source >= 0 && shape.subject >= 0
    }

    mutating func takeSlot(_ token: JSONToken) {
      let start = Int(token.start)
      parts.append(Part(ending: token.kind == .string ? .string : .bare, start: literal, end: start))
      literal = start + Int(token.length)
    }

    mutating func end(at end: Int) {
      parts.append(Part(ending: .end, start: literal, end: end))
    }
  }

  /// Whether it is worth taking an event's layout. Called for each event that went the general way.
  mutating func wantsMore() -> Bool {
    guard isFull else { return true }
    misses += 1
    if misses > Self.missesMax { forget() }
    return false
  }

  mutating func learn(_ draft: Draft, _ arena: Swift.Span<UInt8>) {
    var last = -1
    var index = nodeCount > 0 ? 0 : -1
    for part in draft.parts {
      var followers = 0
      var before = -1
      while index >= 0, !isNode(index, part, arena) {
        followers += 1
        before = index
        index = unsafe Int(nodes[index].next)
      }
      if index < 0 {
        index = nodeCount
        let length = part.end - part.start
        guard index < Self.nodesMax, followers < Self.followersMax, textCount + length <= Self.textMax else {
          isFull = true
          return
        }
        unsafe (nodes + index).initialize(
          to: Node(
            literal: Int32(textCount), length: Int32(length), ending: part.ending, shape: -1, firstFollower: -1,
            next: -1))
        for at in part.start..<part.end { unsafe text[textCount + at - part.start] = arena[at] }
        textCount += length
        nodeCount += 1
        if before >= 0 {
          unsafe nodes[before].next = Int32(index)
        } else if last >= 0 {
          unsafe nodes[last].firstFollower = Int32(index)
        }
      }
      last = index
      index = unsafe Int(nodes[last].firstFollower)
    }
    guard unsafe nodes[last].shape < 0 else { return }
    unsafe nodes[last].shape = Int32(shapes.count)
    var shape = draft.shape
    shape.firstField = Int32(fields.count)
    shape.firstStep = Int32(steps.count)
    shape.stepCount = Int32(draft.steps.count)
    fields += draft.fields
    steps += draft.steps
    shapes.append(shape)
  }

  private func isNode(_ index: Int, _ part: Draft.Part, _ arena: Swift.Span<UInt8>) -> Bool {
    let node = unsafe nodes[index]
    guard node.ending == part.ending, Int(node.length) == part.end - part.start else { return false }
    for at in 0..<Int(node.length) {
      if unsafe text[Int(node.literal) + at] != arena[part.start + at] { return false }
    }
    return true
  }
}
