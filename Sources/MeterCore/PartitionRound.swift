import MeterModel

/// The life of one partition with this daemon, as a machine: facts go in, actions come out.
///
/// claim -> validate -> restore -> read, seal, commit … -> drain -> release. It knows no clock, no thread and no database; the
/// runtime tells it what happened and carries out what it asks, and so does the simulation, with faults in between. At most one
/// sealed flush is unresolved at a time, and while one is, nothing else happens to the partition in the database.
public struct PartitionRound: Sendable {
  public enum Phase: Sendable, Equatable {
    case idle, claiming, validating, beginning, restoring, reading, draining, halted, gone
  }

  private enum Outstanding: Sendable, Equatable {
    case none
    case sent
    case backingOff
    case inDoubt
    /// In doubt, and the question itself waits to be asked again.
    case askingLater
  }

  /// May change while the partition stays; it takes effect with the next fact.
  public var bounds: Bounds
  private var random: SplitMix64
  public private(set) var phase = Phase.idle
  private var outstanding = Outstanding.none
  private var attempt = 0
  private var pendingRows = 0
  private var pendingBytes = 0
  private var hasPending = false
  private var pendingSince: Int64 = 0
  private var isStopped = false
  /// Whether a batch waits for what it touches. Flushes go on meanwhile, so its retries are its own.
  private var isLoading = false
  private var loadAttempt = 0
  private var loadRetryAt: Int64?
  private var retryAt: Int64?
  /// Why the partition halted, until that is in the database: without it the next owner would read on.
  private var unrecorded: String?
  private var haltAttempt = 0
  private var haltRetryAt: Int64?
  private var replays = Replays.none
  /// When the tick that was asked for the next flush comes.
  private var flushWakeAt: Int64?
  private var committedAt: Int64 = 0
  /// Where reading begins.
  public private(set) var cursor: Int64 = 0

  public init(bounds: Bounds, seed: UInt64) {
    self.bounds = bounds
    random = SplitMix64(state: seed)
  }

  /// Attempts of the call that is being repeated, for the log.
  public var attempts: Int { attempt }
  public var isFlushing: Bool { outstanding != .none }

  /// `now` is any clock that does not go back, in nanoseconds.
  public mutating func step(_ fact: Fact, now: Int64) -> [Action] {
    switch fact {
    case .assigned:
      guard phase == .idle else { return [] }
      phase = .claiming
      return [.claim]

    case .claimed(let next, let halted):
      guard phase == .claiming else { return [] }
      attempt = 0
      if let halted { return halt(halted, isNew: false) }
      cursor = next ?? -1
      phase = .validating
      return [.askLog]

    case .logged(let low, let high):
      guard phase == .validating else { return [] }
      attempt = 0
      if cursor < 0 {
        cursor = low
        phase = .beginning
        return [.begin(at: low)]
      }
      if cursor < low {
        return halt(
          "the cursor is \(cursor) but the log starts at \(low); \(low - cursor) offsets are gone", isNew: true)
      }
      if cursor > high {
        return halt("the cursor is \(cursor) but the log ends at \(high); it was cut or made anew", isNew: true)
      }
      phase = .restoring
      return [.restore]

    case .begun:
      guard phase == .beginning else { return [] }
      attempt = 0
      phase = .restoring
      return [.restore]

    case .restored:
      guard phase == .restoring else { return [] }
      attempt = 0
      phase = .reading
      committedAt = now
      return [.read(from: cursor)]

    case .cold:
      guard phase == .reading, !isLoading else { return [] }
      isLoading = true
      loadAttempt = 0
      return [.load]

    case .loaded:
      guard phase == .reading, isLoading else { return [] }
      isLoading = false
      return [.apply]

    case .failed:
      if phase == .reading, isLoading {
        let delay = delay(loadAttempt)
        loadAttempt += 1
        loadRetryAt = now + delay.nanoseconds
        return [.wake(after: delay)]
      }
      guard [.claiming, .validating, .beginning, .restoring].contains(phase) else { return [] }
      return backOff(now)

    case .counted(let rows, let bytes):
      guard phase == .reading || phase == .draining || phase == .halted else { return [] }
      pendingRows = rows
      pendingBytes = bytes
      guard hasPending else {
        hasPending = true
        pendingSince = now
        return flushIfDue(now) + stopIfFull() + wakeForFlush(now)
      }
      return flushIfDue(now) + stopIfFull()

    case .tick:
      if let due = flushWakeAt, now >= due { flushWakeAt = nil }
      return wake(now) + wakeForLoad(now) + wakeForHalt(now) + flushIfDue(now) + wakeForFlush(now)

    case .idle:
      let isIdle = phase == .reading && outstanding == .none && !hasPending
      guard isIdle, now - committedAt >= bounds.idleCommit.nanoseconds else { return [] }
      committedAt = now
      return [.touch]

    case .flushed:
      guard outstanding == .sent || outstanding == .inDoubt else { return [] }
      outstanding = .none
      attempt = 0
      committedAt = now
      // Before the next flush is sealed, which may have others.
      let fetch = replays.flushed(isReading: phase == .reading && !isStopped)
      return afterFlush(now) + fetch

    case .retriable:
      guard outstanding == .sent else { return [] }
      outstanding = .backingOff
      return backOff(now)

    case .unknown:
      guard outstanding == .sent || outstanding == .inDoubt else { return [] }
      if outstanding == .inDoubt {
        outstanding = .askingLater
        return backOff(now)
      }
      outstanding = .inDoubt
      return [.resolve]

    case .absent:
      guard outstanding == .inDoubt else { return [] }
      // Not at once: a server that cuts the connection at every commit would be asked again without a pause.
      outstanding = .backingOff
      return backOff(now)

    case .refused, .lost:
      guard phase != .gone else { return [] }
      phase = .gone
      outstanding = .none
      return [.stopReading, .drop, .release]

    case .revoked:
      return drain(now)

    case .broken(let reason):
      // A draining partition reads no more; the next owner will find the log as it is.
      guard phase != .gone, phase != .halted, phase != .draining else { return [] }
      return halt(reason, isNew: true)

    case .haltRecorded:
      guard unrecorded != nil else { return [] }
      unrecorded = nil
      return phase == .draining && isDrained ? finish() : []

    case .haltFailed:
      guard unrecorded != nil else { return [] }
      let delay = delay(haltAttempt)
      haltAttempt += 1
      haltRetryAt = now + delay.nanoseconds
      return [.wake(after: delay)]

    case .replayWanted:
      return replays.wanted(isReading: phase == .reading && !isStopped)
    case .held(let count, let hasMore):
      replays.came(count, hasMore: hasMore)
      return []
    case .notHeld:
      replays.failed()
      return []
    case .replayed:
      replays.counted()
      return []
    }
  }

  /// Whether everything that is known of the partition is in the database.
  private var isDrained: Bool { outstanding == .none && !hasPending && unrecorded == nil }

  private mutating func drain(_ now: Int64) -> [Action] {
    switch phase {
    case .reading, .halted:
      let wasReading = phase == .reading
      phase = .draining
      let stop: [Action] = wasReading ? [.stopReading] : []
      if isDrained { return stop + finish() }
      return stop + flushIfDue(now)
    case .draining, .gone:
      return []
    default:
      return finish()
    }
  }

  private mutating func finish() -> [Action] {
    phase = .gone
    return [.drop, .release]
  }

  /// What was counted before the log broke is still flushed: the halt only ends the reading.
  private mutating func halt(_ reason: String, isNew: Bool) -> [Action] {
    let wasReading = phase == .reading
    phase = .halted
    unrecorded = isNew ? reason : nil
    if outstanding == .none { retryAt = nil }
    // The clock stands still here: whatever is pending in a halted partition is due.
    return (wasReading ? [.stopReading] : []) + [.halt(reason, isNew: isNew)] + flushIfDue(pendingSince)
  }

  private mutating func afterFlush(_ now: Int64) -> [Action] {
    if phase == .draining, isDrained { return finish() }
    var actions = flushIfDue(now) + wakeForFlush(now)
    if isStopped, phase == .reading, pendingBytes < bounds.pendingBytes {
      isStopped = false
      actions.append(.resumeReading)
    }
    return actions
  }

  private mutating func flushIfDue(_ now: Int64) -> [Action] {
    guard hasPending, outstanding == .none, phase == .reading || phase == .draining || phase == .halted else {
      return []
    }
    let isDue =
      phase != .reading || isStopped || pendingRows >= bounds.flushRows || pendingBytes * 2 >= bounds.pendingBytes
      || now - pendingSince >= bounds.flushInterval.nanoseconds
    guard isDue else { return [] }
    hasPending = false
    pendingRows = 0
    pendingBytes = 0
    outstanding = .sent
    attempt = 0
    replays.sealed()
    return [.seal, .commit]
  }

  /// Asks for the tick that finds the flush due. There is one at a time, so that an idle partition costs nothing; it is asked for
  /// again when it finds that the interval became longer, or that another flush came first.
  private mutating func wakeForFlush(_ now: Int64) -> [Action] {
    guard hasPending, outstanding == .none, phase == .reading, flushWakeAt == nil else { return [] }
    let due = pendingSince + bounds.flushInterval.nanoseconds
    flushWakeAt = due
    return [.wake(after: TimeSpan(nanoseconds: due - now))]
  }

  private mutating func stopIfFull() -> [Action] {
    guard phase == .reading, !isStopped, pendingBytes >= bounds.pendingBytes || pendingRows >= 2 * bounds.flushRows
    else { return [] }
    isStopped = true
    return [.stopReading]
  }

  /// Doubles from the first delay to the last; up to half of it is taken off at random, so that daemons do not retry in step.
  private mutating func delay(_ attempt: Int) -> TimeSpan {
    let doubled = bounds.retryFirst.nanoseconds << Int64(min(attempt, 16))
    let whole = min(doubled, bounds.retryLast.nanoseconds)
    return TimeSpan(nanoseconds: whole - Int64(random.next() % UInt64(max(1, whole / 2))))
  }

  private mutating func backOff(_ now: Int64) -> [Action] {
    let delay = delay(attempt)
    attempt += 1
    retryAt = now + delay.nanoseconds
    return [.wake(after: delay)]
  }

  private mutating func wakeForLoad(_ now: Int64) -> [Action] {
    guard let due = loadRetryAt, now >= due else { return [] }
    loadRetryAt = nil
    return phase == .reading && isLoading ? [.load] : []
  }

  private mutating func wakeForHalt(_ now: Int64) -> [Action] {
    guard let due = haltRetryAt, now >= due else { return [] }
    haltRetryAt = nil
    guard let unrecorded, phase == .halted || phase == .draining else { return [] }
    return [.recordHalt(unrecorded)]
  }

  private mutating func wake(_ now: Int64) -> [Action] {
    guard let due = retryAt, now >= due else { return [] }
    retryAt = nil
    switch outstanding {
    case .backingOff:
      outstanding = .sent
      return [.commit]
    case .askingLater:
      outstanding = .inDoubt
      return [.resolve]
    case .none, .sent, .inDoubt:
      break
    }
    switch phase {
    case .claiming: return [.claim]
    case .validating: return [.askLog]
    case .beginning: return [.begin(at: cursor)]
    case .restoring: return [.restore]
    default: return []
    }
  }
}
