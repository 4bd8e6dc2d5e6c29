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

  private var nodes: [Node] = []
  /// Literals, each padded with zeros to whole words of eight bytes.
  private var text: [UInt8] = []
  private(set) var shapes: [Shape] = []
  private(set) var fields: [Shape.Field] = []
  private(set) var steps: [Shape.Step] = []
  /// Of the text that was matched last.
  private let slots: UnsafeMutablePointer<Shape.Slot>
  private var isFull = false
  private var misses = 0

  init() {
    unsafe slots = .allocate(capacity: Self.slotsMax)
    unsafe slots.initialize(repeating: Shape.Slot(start: 0, length: 0), count: Self.slotsMax)
  }

  deinit { unsafe slots.deallocate() }

  @inline(__always)
  func slot(_ index: Int32) -> Shape.Slot {
    precondition(index >= 0 && index < Self.slotsMax, "a shape names slots that are there")
    return unsafe slots[Int(index)]
  }

  mutating func forget() {
    nodes.removeAll(keepingCapacity: true)
    text.removeAll(keepingCapacity: true)
    shapes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
    steps.removeAll(keepingCapacity: true)
    isFull = false
    misses = 0
  }

  /// The shape of the text, whose slots `slot` then has; -1 when it is none that is known.
  func match(_ arena: Swift.Span<UInt8>, from start: Int, to end: Int) -> Int {
    guard !nodes.isEmpty else { return -1 }
    let nodes = self.nodes.span
    let text = self.text.span
    var at = start
    var slot = 0
    var index = 0
    repeat {
      let node = nodes[index]
      let behind = at &+ Int(node.length)
      if behind <= end, Self.isSame(arena, at, text, Int(node.literal), Int(node.length)) {
        let stop: Int
        switch node.ending {
        case .string: stop = Self.plainEnd(arena, from: behind, to: end)
        case .bare: stop = Self.bareEnd(arena, from: behind, to: end)
        case .end:
          if behind == end { return Int(node.shape) }
          stop = -1
        }
        if stop >= 0 {
          // A path through the tree has at most so many slots.
          unsafe slots[slot] = Shape.Slot(
            start: Int32(truncatingIfNeeded: behind), length: Int32(truncatingIfNeeded: stop &- behind))
          slot &+= 1
          at = stop
          index = Int(node.firstFollower)
          continue
        }
      }
      index = Int(node.next)
    } while index >= 0
    return -1
  }

  @inline(__always)
  private static func isSame(
    _ arena: Swift.Span<UInt8>, _ at: Int, _ text: Swift.Span<UInt8>, _ literal: Int, _ length: Int
  ) -> Bool {
    var done = 0
    while done &+ 8 <= length {
      if arena.word(at: at &+ done) != text.word(at: literal &+ done) { return false }
      done &+= 8
    }
    // The rest of the literal's last word is zeros.
    let rest = UInt64(truncatingIfNeeded: length &- done) &* 8
    if rest == 0 { return true }
    return arena.word(at: at &+ done) & ((1 << rest) &- 1) == text.word(at: literal &+ done)
  }

  /// Where a string of printable ASCII ends, or -1 if it is none. The arena's padding makes reading past the text sound.
  @inline(__always)
  private static func plainEnd(_ arena: Swift.Span<UInt8>, from start: Int, to end: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    var at = start
    while at < end {
      let word = arena.word(at: at)
      // The high bit of each byte that ends the string or makes it unplain: a quote, a backslash, DEL, a control character, a byte
      // beyond ASCII. A borrow may flag a byte above a true one, never below.
      let flags =
        (((word ^ 0x22 &* ones) &- ones) | ((word ^ 0x5C &* ones) &- ones) | ((word ^ 0x7F &* ones) &- ones)
          | (word &- 0x20 &* ones) | word) & (0x80 &* ones)
      if flags != 0 {
        at &+= flags.trailingZeroBitCount >> 3
        return at < end && arena[at] == 0x22 ? at : -1
      }
      at &+= 8
    }
    return -1
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
    default: return JSONNumber.end(arena, from: start, to: end) ?? -1
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
    var index = nodes.isEmpty ? -1 : 0
    for part in draft.parts {
      var followers = 0
      var before = -1
      while index >= 0, !isNode(index, part, arena) {
        followers += 1
        before = index
        index = Int(nodes[index].next)
      }
      if index < 0 {
        index = nodes.count
        guard index < Self.nodesMax, followers < Self.followersMax, text.count < Self.textMax else {
          isFull = true
          return
        }
        nodes.append(
          Node(
            literal: Int32(text.count), length: Int32(part.end - part.start), ending: part.ending, shape: -1,
            firstFollower: -1, next: -1))
        for at in part.start..<part.end { text.append(arena[at]) }
        text.append(contentsOf: repeatElement(0, count: 8 - text.count % 8))
        if before >= 0 {
          nodes[before].next = Int32(index)
        } else if last >= 0 {
          nodes[last].firstFollower = Int32(index)
        }
      }
      last = index
      index = Int(nodes[last].firstFollower)
    }
    guard nodes[last].shape < 0 else { return }
    nodes[last].shape = Int32(shapes.count)
    var shape = draft.shape
    shape.firstField = Int32(fields.count)
    shape.firstStep = Int32(steps.count)
    shape.stepCount = Int32(draft.steps.count)
    fields += draft.fields
    steps += draft.steps
    shapes.append(shape)
  }

  private func isNode(_ index: Int, _ part: Draft.Part, _ arena: Swift.Span<UInt8>) -> Bool {
    let node = nodes[index]
    return node.ending == part.ending && Int(node.length) == part.end - part.start
      && Self.isSame(arena, part.start, text.span, Int(node.literal), Int(node.length))
  }
}
