import Foundation

/// One way of a connection: bytes that were read and wait to be forwarded, and what is to happen at which byte.
///
/// Places in the stream are counts of bytes since its start, so that a place means the same however the bytes came.
struct ProxyFlow: Sendable {
  static let heldBytesMax = 256 << 10
  static let patternBytesMax = 256
  /// How long the beginning of a possible match is held back.
  let holdback: Duration

  private struct Mark: Sendable {
    let place: Int
    /// Where the pattern begins, which may have been forwarded already.
    let begin: Int
    let rule: Int
    let action: ByteProxy.Action
  }

  private struct Arrival: Sendable {
    let end: Int
    let at: ContinuousClock.Instant
  }

  private(set) var forwarded = 0
  private(set) var received = 0
  /// From `forwarded` to `received`.
  private var held: [UInt8] = []
  /// What was forwarded last, for patterns of which the beginning is gone already.
  private var history: [UInt8] = []
  private var arrivals: [Arrival] = []
  private var marks: [Mark] = []
  /// By rule: the first place at which its pattern may still begin; a count that is marked is there too.
  private var looked: [Int: Int] = [:]
  /// The beginning of a possible match, which waits for the rest.
  private var suspect: Int?
  private(set) var sourceEnded = false
  private var sinkEnded = false
  private var isHalfClosed = false
  private var delay: Duration = .zero
  private(set) var isBlocked = false
  /// By the proxy as a whole, or because the server is not connected yet.
  var isHeld = false
  var isStalled = false
  var waitsForHook = false

  init(holdback: Duration) { self.holdback = holdback }

  func holds(_ bytes: [UInt8]) -> Bool { held.firstRange(of: bytes) != nil }

  var hasRoom: Bool { !sourceEnded && held.count < Self.heldBytesMax }
  var isFinished: Bool { sinkEnded && (sourceEnded || !isHalfClosed) }

  /// When bytes may go that nothing but time holds.
  var wakesAt: ContinuousClock.Instant? {
    if held.isEmpty || isBlocked || isHeld || isStalled || waitsForHook { return nil }
    let delayed = delay > .zero ? arrivals.first.map { $0.at + delay } : nil
    let suspected = suspect == nil ? nil : arrivals.last.map { $0.at + holdback }
    return [delayed, suspected].compactMap { $0 }.min()
  }

  mutating func halfClose() { isHalfClosed = true }

  /// False when the source was reset.
  mutating func receive(from source: Int32) -> Bool {
    guard hasRoom else { return true }
    var chunk = [UInt8](repeating: 0, count: min(65_536, Self.heldBytesMax - held.count))
    let count = unsafe recv(source, &chunk, chunk.count, 0)
    if count == 0 { sourceEnded = true }
    if count < 0 { return errno == EAGAIN || errno == EINTR }
    if isHalfClosed || count == 0 { return true }
    held += chunk[..<count]
    received += count
    arrivals.append(Arrival(end: received, at: .now))
    return true
  }

  /// Puts a mark where an armed rule wants one.
  mutating func look(
    for rules: inout [Int: ProxyState.Rule], _ way: ByteProxy.Direction, of number: Int
  ) {
    suspect = nil
    for id in rules.keys.sorted() {
      guard var rule = rules[id], rule.left > 0, rule.direction == way,
        rule.connection == nil || rule.connection == number
      else { continue }
      switch rule.trigger {
      case .count(let place):
        guard looked[id] == nil, received >= place else { continue }
        looked[id] = place
        mark(place, id, rule.action, begin: place)
        rule.left -= 1
      case .bytes(let pattern, let moment):
        for place in search(id, pattern, upTo: rule.left) {
          mark(moment == .beforeForwarding ? place : place + pattern.count, id, rule.action, begin: place)
          rule.left -= 1
        }
        if moment == .beforeForwarding, rule.left > 0 {
          suspect = [suspect, beginning(id, pattern)].compactMap { $0 }.min()
        }
      }
      rules[id] = rule
    }
  }

  private mutating func mark(_ place: Int, _ rule: Int, _ action: ByteProxy.Action, begin: Int) {
    let mark = Mark(place: max(place, forwarded), begin: begin, rule: rule, action: action)
    marks.insert(mark, at: marks.firstIndex { $0.place > mark.place } ?? marks.endIndex)
  }

  /// A rule that is new to a running flow sees what is held, and nothing of what has gone.
  private mutating func search(_ id: Int, _ pattern: [UInt8], upTo count: Int) -> [Int] {
    let start = looked[id] ?? forwarded
    let window = bytes(from: start)
    var next = 0
    var found: [Int] = []
    while found.count < count, next + pattern.count <= window.count {
      guard let offset = window[next...].firstIndex(of: pattern[0]) else {
        next = window.count
        break
      }
      next = offset
      if offset + pattern.count > window.count { break }
      if window[offset..<offset + pattern.count].elementsEqual(pattern) {
        next += pattern.count
        found.append(start + offset)
      } else {
        next += 1
      }
    }
    // What is left over is shorter than the pattern, so it is in the history or held when more comes.
    looked[id] = start + next
    return found
  }

  /// Where the held bytes end with a beginning of `pattern`.
  private func beginning(_ id: Int, _ pattern: [UInt8]) -> Int? {
    let place = max(looked[id] ?? forwarded, received - pattern.count + 1, forwarded)
    if place >= received { return nil }
    return (place..<received).first { pattern.starts(with: bytes(from: $0)) }
  }

  private func bytes(from place: Int) -> [UInt8] {
    if place >= forwarded { return Array(held[(place - forwarded)...]) }
    return Array(history.suffix(forwarded - place)) + held
  }

  /// Forwards up to the next mark, as far as time allows and the sink takes it. False when the sink was reset.
  mutating func send(to sink: Int32, delayed: Duration) -> Bool {
    delay = delayed
    isBlocked = false
    let now = ContinuousClock.now
    var end = received
    if let mark = marks.first { end = min(end, mark.place) }
    if let suspect, let newest = arrivals.last, now < newest.at + holdback { end = min(end, suspect) }
    if delay > .zero { end = min(end, arrivals.last { $0.at + delay <= now }?.end ?? forwarded) }
    while forwarded < end {
      let wanted = end - forwarded
      let count = unsafe Glibc.send(sink, held, wanted, Int32(MSG_NOSIGNAL))
      if count < 0 {
        if errno == EINTR { continue }
        isBlocked = errno == EAGAIN
        return isBlocked
      }
      history = (history + held[..<count]).suffix(Self.patternBytesMax)
      held.removeFirst(count)
      forwarded += count
      arrivals.removeAll { $0.end <= forwarded }
    }
    return true
  }

  /// What is to happen now that everything before it has gone.
  mutating func dueAction() -> (rule: Int, begin: Int, action: ByteProxy.Action)? {
    guard let mark = marks.first, mark.place <= forwarded else { return nil }
    marks.removeFirst()
    return (mark.rule, mark.begin, mark.action)
  }

  /// What of these bytes has not been forwarded yet takes the place of what is held.
  mutating func overwrite(_ bytes: [UInt8], from begin: Int) {
    for (index, byte) in bytes.enumerated() {
      let place = begin + index - forwarded
      if held.indices.contains(place) { held[place] = byte }
    }
  }

  /// Passes the end of the source, or a half-close, on to the sink.
  mutating func finish(_ sink: Int32) {
    if sinkEnded || isHeld || isStalled || waitsForHook { return }
    guard sourceEnded || isHalfClosed, held.isEmpty else { return }
    shutdown(sink, Int32(SHUT_WR))
    sinkEnded = true
  }
}
