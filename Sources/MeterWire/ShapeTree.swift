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
  private static let readAhead = Int(CSCAN_READ_AHEAD)
  /// How many events a full tree may miss before it is forgotten.
  private static let missesMax = 4_096

  enum Ending {
    case string
    case bare
    /// Nothing follows the literal.
    case end

    fileprivate var code: Int32 {
      switch self {
      case .string: Int32(CSCAN_STRING)
      case .bare: Int32(CSCAN_BARE)
      case .end: Int32(CSCAN_END)
      }
    }
  }

  private let nodes: UnsafeMutablePointer<cscan_node>
  private var nodeCount = 0
  /// Literals, with room to read past the last.
  private let text: UnsafeMutablePointer<UInt8>
  private var textCount = 0
  private(set) var shapes: [Shape] = []
  private(set) var fields: [Shape.Field] = []
  private(set) var steps: [Shape.Step] = []
  /// Of the text that was matched last.
  private let slots: UnsafeMutablePointer<cscan_slot>
  private var isFull = false
  private var misses = 0

  init() {
    unsafe nodes = .allocate(capacity: Self.nodesMax)
    unsafe text = .allocate(capacity: Self.textMax + Self.readAhead)
    unsafe text.initialize(repeating: 0, count: Self.textMax + Self.readAhead)
    unsafe slots = .allocate(capacity: Self.slotsMax)
    unsafe slots.initialize(repeating: cscan_slot(start: 0, length: 0), count: Self.slotsMax)
  }

  deinit {
    unsafe nodes.deallocate()
    unsafe text.deallocate()
    unsafe slots.deallocate()
  }

  @inline(__always)
  func slot(_ index: Int32) -> cscan_slot {
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
    return unsafe arena.withUnsafeBufferPointer {
      unsafe Int(cscan_match(nodes, text, $0.baseAddress!, Int64(start), Int64(end), slots))
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
          to: cscan_node(
            literal: Int32(textCount), length: Int32(length), ending: part.ending.code, shape: -1, first_follower: -1,
            next: -1))
        for at in part.start..<part.end { unsafe text[textCount + at - part.start] = arena[at] }
        textCount += length
        nodeCount += 1
        if before >= 0 {
          unsafe nodes[before].next = Int32(index)
        } else if last >= 0 {
          unsafe nodes[last].first_follower = Int32(index)
        }
      }
      last = index
      index = unsafe Int(nodes[last].first_follower)
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
    guard node.ending == part.ending.code, Int(node.length) == part.end - part.start else { return false }
    for at in 0..<Int(node.length) {
      if unsafe text[Int(node.literal) + at] != arena[part.start + at] { return false }
    }
    return true
  }
}
