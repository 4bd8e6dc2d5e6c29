import MeterModel
import PostgresEdge
import TestDice
import TestStack

@testable import ProtocolModel

/// A random way through the model with a real ledger beside it: whatever reaches the model's server is sent to PostgreSQL, in the same
/// order, and both must answer alike.
struct LedgerWalk {
  /// What a late statement carries of the daemon that sent it.
  private typealias Ticket = Ledger.Claim

  private let book: Rulebook
  private let ledger: Ledger
  private let database: Database
  private let log: TopicPartition
  private var dice: Dice
  private var state = State()
  /// The claims that the daemons have heard of, and that are on their way to them.
  private var claims: [Ticket?] = [nil, nil]
  private var unheard: [Ticket?] = [nil, nil]
  private var late: [Ticket?] = [nil, nil]

  private(set) var statements: [String: Int] = [:]
  /// Where the two disagree.
  private(set) var differences: [String] = []
  /// What is wrong with the model itself.
  private(set) var flaws: [String] = []

  init(_ book: Rulebook, _ ledger: Ledger, _ database: Database, partition: Int32, seed: UInt64) {
    self.book = book
    self.ledger = ledger
    self.database = database
    log = TopicPartition(topic: "walk", partition: partition)
    dice = Dice(seed)
  }

  var isComplete: Bool { book.isComplete(state) }

  mutating func step() throws {
    let step = book.stroll(from: state, &dice)
    let before = state
    let (after, breach) = book.take(step, in: before)
    if let breach { flaws.append("the model breaks a law: \(breach.rawValue)") }
    state = after
    switch step {
    case .execute(let daemon): try execute(daemon, before, answer: after[daemon].answer, after[daemon].answerValue)
    case .failAfter(let daemon), .cutAfter(let daemon): try execute(daemon, before, answer: nil, 0)
    case .arrive(let place): try arrive(place, before)
    case .hear(let daemon): if before[daemon].answer == .claimed { claims[daemon] = unheard[daemon] }
    default: return note(step, before)
    }
    note(step, before)
    try compareRow()
  }

  private mutating func execute(_ daemon: Int, _ before: State, answer: Answer?, _ value: UInt8) throws {
    let (found, foundValue) = try send(before[daemon].request, before[daemon].sealed, claims[daemon], by: daemon)
    guard let answer, (found, foundValue) != (answer, value) else { return }
    differences.append(
      "\(before[daemon].request): the model says \(answer) \(value), PostgreSQL \(found) \(foundValue)")
  }

  private mutating func arrive(_ place: Int, _ before: State) throws {
    let statement = place == 0 ? before.late.0 : before.late.1
    _ = try send(statement.request, statement.sealed, late[place], by: nil)
    late[place] = nil
    statements["late", default: 0] += 1
  }

  /// A late statement takes its daemon's claim along.
  private mutating func note(_ step: Step, _ before: State) {
    for place in 0...1 {
      let (old, new) = place == 0 ? (before.late.0, state.late.0) : (before.late.1, state.late.1)
      guard old.request == .none, new.request != .none else { continue }
      switch step {
      case .cutLate(let daemon), .crashLate(let daemon), .lose(let daemon), .revoke(let daemon):
        late[place] = claims[daemon]
      default: flaws.append("\(step) leaves a late statement behind")
      }
    }
    for daemon in 0...1 where !state[daemon].hasStay { claims[daemon] = nil }
  }

  private mutating func send(
    _ request: Request, _ sealed: Sealed, _ claim: Ticket?, by daemon: Int?
  ) throws -> (Answer, UInt8) {
    statements["\(request)", default: 0] += 1
    guard request != .claim else {
      let made = try Awaited.answer { then in ledger.claim(log, lane: 0) { then($0) } }.get()
      if let daemon { unheard[daemon] = made }
      return (.claimed, made.next.map { UInt8($0) } ?? Row.unset)
    }
    guard let claim else {
      flaws.append("\(request) without a claim")
      return (.none, 0)
    }
    switch request {
    case .begin:
      let isOurs = try Awaited.answer { then in ledger.begin(claim, at: 0, lane: 0) { then($0) } }.get()
      return (isOurs ? .begun : .refused, 0)
    case .restore:
      let pages = try Awaited.answer { then in ledger.identities(of: claim.partition, since: 0, lane: 0) { then($0) } }
        .get()
      var identities: UInt8 = 0
      for page in pages { for index in 0..<page.count { identities |= 1 << UInt8(page[index].fingerprint) } }
      return (.restored, identities)
    case .commit:
      let outcome = Awaited.answer { then in ledger.commit(flush(sealed, claim), lane: 0) { then($0) } }
      return (outcome == .committed ? .committed : outcome == .refused ? .refused : .none, 0)
    case .resolve:
      let resolution = Awaited.answer { then in ledger.resolve(flush(sealed, claim), lane: 1) { then($0) } }
      switch resolution {
      case .committed: return (.committed, 0)
      case .absent: return (.absent, 0)
      case .refused: return (.refused, 0)
      case .unknown(let why):
        flaws.append("the question is not answered: \(why)")
        return (.none, 0)
      }
    case .none, .claim: preconditionFailure("a claim is sent above")
    }
  }

  private func flush(_ sealed: Sealed, _ claim: Ticket) -> Flush {
    let counts = sealed.counts
    var verdicts = VerdictCounts()
    var page = IdentityPage(generationEndMs: 7, baseOffset: Int64(counts.from), baseWindow: 0)
    for record in 0..<UInt8(Counts.recordsMax) {
      verdicts[.counted] += Int64(Counts.times(record, in: counts.counted))
      verdicts[.duplicate] += Int64(Counts.times(record, in: counts.duplicates))
    }
    for identity in 0..<8 where counts.identities & (1 << UInt8(identity)) != 0 {
      _ = page.append(
        IdentityPage.Entry(
          fingerprint: UInt64(identity), offset: Int64(counts.from), window: 0, content: 0, voided: false))
    }
    return Flush(
      number: Int64(sealed.number), partition: claim.partition, epoch: claim.epoch,
      range: OffsetRange(from: Int64(counts.from), to: Int64(counts.to)), highWaterMs: 1_000, verdicts: verdicts,
      rollups: [], series: SeriesDefinitions(), identities: page.count > 0 ? [page] : [], forgetBeforeMs: 0,
      quarantined: [], conflicts: [])
  }

  /// The row, its journal and who holds the epoch.
  private mutating func compareRow() throws {
    let rows = try database.query(
      """
      select p.next_offset, p.last_flush, p.counted, p.duplicate, p.epoch,
        (select coalesce(max(j.to_offset), 0) from meterd.journal j where j.partition = p.id)
      from meterd.partition p where p.topic = 'walk' and p.number = \(log.partition)
      """)
    let found = rows.first?.map { $0 ?? "none" } ?? []
    let row = state.row
    var verdicts: (counted: Int, duplicate: Int) = (0, 0)
    for record in 0..<UInt8(Counts.recordsMax) {
      verdicts.counted += Int(Counts.times(record, in: row.written.counted))
      verdicts.duplicate += Int(Counts.times(record, in: row.written.duplicates))
    }
    let wanted = [
      row.next == Row.unset ? "none" : "\(row.next)", "\(row.lastFlush)", "\(verdicts.counted)",
      "\(verdicts.duplicate)", found.count > 4 ? found[4] : "", "\(row.written.to)",
    ]
    if found != wanted { differences.append("the model's row is \(wanted), PostgreSQL's \(found)") }
    for daemon in 0...1 {
      guard let claim = claims[daemon], state[daemon].answer != .claimed, found.count > 4 else { continue }
      if (found[4] == "\(claim.epoch.number)") != state[daemon].holdsEpoch {
        differences.append("daemon \(daemon) holds epoch \(claim.epoch.number), the row \(found[4])")
      }
    }
  }
}
