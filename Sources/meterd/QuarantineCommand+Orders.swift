import Glibc
import MeterConfig
import MeterModel
import MeterTelemetry
import PostgresEdge

extension QuarantineCommand {
  private static let pollMicroseconds: UInt32 = 100_000

  static func discard(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let target = try arguments.settings().postgres.url.exposed
    let events = try events(arguments, target)
    if !events.isEmpty, arguments.positionals.isEmpty { try confirm("discard", events.count, arguments) }
    let outcomes = try QuarantineOrder(.discard, events, actor: Actor.name).carryOut(target)
    for (id, outcome) in outcomes { tell(id, outcome == .done ? "discarded" : refusal(outcome), arguments) }
    return try end(outcomes.count { $0.outcome != .done }, "discarded", arguments)
  }

  static func replay(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let target = try arguments.settings().postgres.url.exposed
    let patience = try arguments.duration("wait", in: .seconds(0) ... .seconds(86_400)) ?? .seconds(10)
    let events = try events(arguments, target)
    if !events.isEmpty, arguments.positionals.isEmpty { try confirm("replay", events.count, arguments) }
    let outcomes = try QuarantineOrder(.replay, events, actor: Actor.name).carryOut(target)
    let refused = outcomes.filter { $0.outcome != .done && $0.outcome != .askedFor }
    for (id, outcome) in refused { tell(id, refusal(outcome), arguments) }

    let asked = outcomes.filter { $0.outcome == .done || $0.outcome == .askedFor }.map(\.id)
    var waiting = Set(asked)
    let deadline = ContinuousClock.now + .nanoseconds(patience.nanoseconds)
    while !waiting.isEmpty {
      for standing in try QuarantineOrder.standing(of: waiting.sorted(), target) where !standing.isWaiting {
        waiting.remove(standing.id)
        tell(standing, arguments)
      }
      guard !waiting.isEmpty, ContinuousClock.now < deadline else { break }
      usleep(pollMicroseconds)
    }
    for id in waiting.sorted() { tell(id, "waiting", arguments) }
    guard waiting.isEmpty else {
      throw Complaint(
        .unavailable, at: arguments.here,
        "no daemon has replayed \(waiting.count) of \(asked.count) events within \(patience.milliseconds) ms",
        remedy: "they stay asked for; see that a daemon owns their partition and that it is not halted")
    }
    return try end(refused.count, "replayed", arguments)
  }

  /// Those that were named, or all that are held and fit the description.
  private static func events(_ arguments: Arguments, _ target: String) throws(Complaint) -> [Int64] {
    let isDescribed = ["reason", "topic", "partition", "all"].contains { arguments.has($0) }
    guard arguments.positionals.isEmpty || !isDescribed else {
      throw Complaint(.usage, at: arguments.here, "events are both named and described", remedy: "keep one of them")
    }
    if !arguments.positionals.isEmpty {
      var ids: [Int64] = []
      for text in arguments.positionals {
        let id = try id(text, arguments)
        if !ids.contains(id) { ids.append(id) }
      }
      return ids
    }
    guard isDescribed else {
      throw Complaint(
        .usage, at: arguments.here, "no event was named", remedy: "give ids, or --reason, --topic, --partition or --all"
      )
    }
    var wanted = try filter(arguments)
    wanted.state = .held
    let rows = try wanted.list(target)
    if rows.isEmpty, !arguments.has("json") { print("nothing is held that fits") }
    return rows.map(\.id)
  }

  /// The number is typed, since a habit types 'y'.
  private static func confirm(_ verb: String, _ count: Int, _ arguments: Arguments) throws(Complaint) {
    if arguments.has("yes") { return }
    guard isatty(0) == 1 else {
      throw Complaint(
        .usage, at: arguments.here, "nobody is there to confirm it (\(count) events; stdin is no terminal)",
        remedy: "give --yes")
    }
    print("this would \(verb) \(count) events; type \(count) to confirm: ", terminator: "")
    fflush(nil)
    guard readLine(strippingNewline: true) == String(count) else {
      throw Complaint(.usage, at: arguments.here, "not confirmed; nothing was changed", remedy: "type \(count)")
    }
  }

  // Outcomes.

  private static func refusal(_ outcome: QuarantineOrder.Outcome) -> String {
    switch outcome {
    case .unknown: "unknown"
    case .replayed: "was replayed before"
    case .discarded: "was discarded before"
    case .askedFor: "a replay is asked for"
    case .done: preconditionFailure("what was done is not refused")
    }
  }

  private static func tell(_ id: Int64, _ outcome: String, _ arguments: Arguments) {
    guard arguments.has("json") else { return print("\(id) \(outcome)") }
    printJSON { json in
      json.member("id", id)
      json.member("outcome", outcome)
    }
  }

  private static func tell(_ standing: QuarantineOrder.Standing, _ arguments: Arguments) {
    let isHeld = standing.state == Quarantine.State.held.rawValue
    let verdict = standing.events == 1 ? standing.verdict ?? "?" : "\(standing.events ?? 0) events"
    guard arguments.has("json") else {
      return print("\(standing.id) \(isHeld ? "still held: \(standing.reason): \(standing.detail)" : verdict)")
    }
    printJSON { json in
      json.member("id", standing.id)
      json.member("outcome", standing.state)
      if let verdict = standing.verdict { json.member("verdict", verdict) }
      if let events = standing.events { json.member("events", events) }
      if isHeld {
        json.member("reason", standing.reason)
        json.member("detail", standing.detail)
      }
    }
  }

  private static func end(_ refused: Int, _ done: String, _ arguments: Arguments) throws(Complaint) -> ExitStatus {
    guard refused > 0 else { return .done }
    throw Complaint(
      .usage, at: arguments.here, "\(refused) of the events were not \(done); they are told above",
      remedy: "see 'meterd quarantine list --state all'")
  }
}
