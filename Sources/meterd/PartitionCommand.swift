import Glibc
import MeterConfig
import MeterModel
import MeterTelemetry
import PostgresEdge

/// `meterd partition list|resume|reset`: why partitions are halted, and what is to become of them.
enum PartitionCommand {
  // What there is.

  static func list(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let rows = try PartitionProgress.list(
      try arguments.settings().postgres.url.exposed, topic: arguments.text("topic"), haltedOnly: !arguments.has("all"))
    if arguments.has("json") {
      for row in rows { print(json(row)) }
    } else if rows.isEmpty {
      print(arguments.has("all") ? "no partition was read yet" : "no partition is halted")
    } else {
      table(rows).printOut()
    }
    return .done
  }

  /// The members of the view `progress`.
  private static func json(_ row: PartitionProgress) -> String {
    var json = JSONText()
    json.object { json in
      json.member("topic", row.log.topic)
      json.member("partition", Int64(row.log.partition))
      json.name("next_offset")
      if let cursor = row.cursor { json.int(cursor) } else { json.null() }
      json.member("epoch", row.epoch)
      for (name, value) in [
        ("owner", row.owner), ("complete_through", row.completeThrough), ("committed_at", row.committedAt),
        ("halted", row.halted),
      ] {
        json.name(name)
        if let value { json.string(value) } else { json.null() }
      }
    }
    return String(decoding: json.bytes, as: UTF8.self)
  }

  private static func table(_ rows: [PartitionProgress]) -> Table {
    var table = Table(
      ["TOPIC", "PARTITION", "CURSOR", "EPOCH", "OWNER", "COMMITTED", "HALTED"],
      rightAligned: ["PARTITION", "CURSOR", "EPOCH"])
    for row in rows {
      table.add([
        row.log.topic, String(row.log.partition), row.cursor.map(String.init) ?? "-", String(row.epoch),
        row.owner ?? "-", row.committedAt ?? "-", row.halted ?? "-",
      ])
    }
    return table
  }

  // What is to become of one.

  static func resume(_ arguments: Arguments) throws(Complaint) -> ExitStatus { try decide(arguments, offset: nil) }

  static func reset(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    guard let offset = try arguments.integer("offset", in: 0...Int.max) else {
      throw Complaint(.usage, at: arguments.here, "'--offset' is missing", remedy: "write '--offset N'")
    }
    return try decide(arguments, offset: Int64(offset))
  }

  private static func decide(_ arguments: Arguments, offset: Int64?) throws(Complaint) -> ExitStatus {
    guard let topic = arguments.text("topic"),
      let number = try arguments.integer("partition", in: 0...Int(Int32.max))
    else {
      throw Complaint(.usage, at: arguments.here, "no partition was named", remedy: "give --topic and --partition")
    }
    let target = try arguments.settings().postgres.url.exposed
    let log = TopicPartition(topic: topic, partition: Int32(number))
    let rows = try PartitionProgress.list(target, topic: topic, partition: Int32(number), haltedOnly: false)
    guard let row = rows.first else { throw refusal(.unknown, log, arguments) }
    guard let reason = row.halted else { throw refusal(.notHalted, log, arguments) }

    print("\(log) is halted: \(reason)")
    print(effect(from: row.cursor, to: offset))
    if !arguments.has("yes") { try confirm(log, arguments) }
    let order = HaltOrder(log: log, seen: row.cursor, offset: offset, actor: Actor.name)
    let outcome = try order.carryOut(target)
    guard outcome == .lifted else { throw refusal(outcome, log, arguments) }
    print("\(log) goes on from \(offset ?? row.cursor ?? 0); its owner claims it within two seconds")
    return .done
  }

  /// What an operator should know before saying yes.
  static func effect(from cursor: Int64?, to offset: Int64?) -> String {
    guard let offset else { return "it would go on from its cursor, \(cursor.map(String.init) ?? "the log's start")" }
    guard let cursor else { return "it would go on from \(offset)" }
    if offset > cursor {
      return
        "its cursor would go from \(cursor) to \(offset): offsets \(cursor) to \(offset - 1) are never counted"
    }
    if offset < cursor {
      return
        "its cursor would go back from \(cursor) to \(offset): what stands there is read, and counted unless it is "
        + "remembered as a duplicate"
    }
    return "it would go on from its cursor, \(cursor)"
  }

  /// Typed whole, since a halted partition is somebody's money and a habit types 'y'.
  private static func confirm(_ log: TopicPartition, _ arguments: Arguments) throws(Complaint) {
    guard isatty(0) == 1 else {
      throw Complaint(
        .usage, at: arguments.here, "nobody is there to confirm it (stdin is no terminal)", remedy: "give --yes")
    }
    print("type \(log) to confirm: ", terminator: "")
    fflush(nil)
    guard readLine(strippingNewline: true) == log.description else {
      throw Complaint(.usage, at: arguments.here, "not confirmed; nothing was changed", remedy: "type \(log)")
    }
  }

  private static func refusal(_ outcome: HaltOrder.Outcome, _ log: TopicPartition, _ arguments: Arguments) -> Complaint
  {
    let list = "see 'meterd partition list --all'"
    return switch outcome {
    case .unknown: Complaint(.usage, at: arguments.here, "\(log) was never read", remedy: list)
    case .notHalted: Complaint(.usage, at: arguments.here, "\(log) is not halted", remedy: list)
    case .moved:
      Complaint(
        .usage, at: arguments.here, "the cursor of \(log) has moved meanwhile; nothing was changed",
        remedy: "look again and repeat the command")
    case .lifted: preconditionFailure("what was done is not refused")
    }
  }
}
