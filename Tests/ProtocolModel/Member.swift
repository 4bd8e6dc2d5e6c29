/// A daemon, and its stay if it has one: what the runtime's lane and slot keep of it.
struct Member {
  enum Standing: UInt8 {
    /// The group has not taken the partition back.
    case held
    /// It has, and the daemon does not know. Such a one is a zombie.
    case dismissed
    /// The daemon drains.
    case told
  }

  static let nothingSeen: UInt8 = 0xFE

  /// The real machine's state by its number in the atlas; 0 is no stay.
  var round: UInt16 = 0
  var standing = Standing.held
  /// Whether no other claim came after this one's.
  var holdsEpoch = false

  var hasTally = false
  /// Since the last seal.
  var pending = Counts()
  /// Identities that were restored or counted.
  var memory: UInt8 = 0
  /// Of the last seal.
  var number: UInt8 = 0

  var sealed = Sealed()
  /// Whether the sealed flush is in the tables. The daemon cannot see it; the laws can.
  var hasLanded = false

  var isReading = false
  var isPaused = false
  /// A record below it is dropped by the reader.
  var expected: UInt8 = 0
  /// A batch between the reader and the lane.
  var batchFrom: UInt8 = 0
  var batchTo: UInt8 = 0
  var isBatchStale = false

  var request = Request.none
  /// What the server has answered, on its way back; only where that way is a step of its own.
  var answer = Answer.none
  /// The cursor that a claim brings, or the identities that a restore brings.
  var answerValue: UInt8 = 0
  /// What the first half of a claim saw, where a claim has halves.
  var glimpse = Self.nothingSeen
  /// Ticks that were asked for.
  var wakes: UInt8 = 0

  var hasStay: Bool { round != 0 }
  var hasBatch: Bool { batchTo > 0 }

  /// Whether it matters if what was asked for arrives late.
  var leavesTrace: Bool { request.isLasting && answer == .none }

  mutating func forgetBatch() {
    batchFrom = 0
    batchTo = 0
    isBatchStale = false
  }

  /// What is left tells only whether a flush is sealed.
  mutating func forgetCounts() {
    pending = Counts()
    memory = 0
    number = 0
    expected = 0
    hasLanded = false
    if sealed.number > 0 { sealed = Sealed(counts: Counts(), number: 1) }
  }

  /// The stay ends. A batch that is under way stays under way.
  mutating func leave(keepsTally: Bool) {
    var rest = Member()
    if keepsTally {
      rest.hasTally = hasTally
      rest.pending = pending
      rest.memory = memory
      rest.number = number
    }
    if hasBatch {
      rest.batchFrom = batchFrom
      rest.batchTo = batchTo
      rest.isBatchStale = true
    }
    self = rest
  }
}
