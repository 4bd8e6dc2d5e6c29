import Glibc
import MeterConfig
import MeterModel
import MeterTelemetry
import PostgresEdge

/// `meterd quarantine list|show|replay|discard`: events that could not be counted, and what is to become of them.
enum QuarantineCommand {
  private enum Shown: String, CaseIterable {
    case held, replayed, discarded, all
  }

  static func list(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let shown = try arguments.choice("state", of: Shown.self) ?? .held
    var wanted = try filter(arguments)
    wanted.state = Quarantine.State(rawValue: shown.rawValue)
    wanted.countMax = Int64(try arguments.integer("limit", in: 1...10_000_000) ?? 1_000)
    let rows = try wanted.list(try arguments.settings().postgres.url.exposed)
    if arguments.has("json") {
      for row in rows {
        printJSON { members(of: row, in: &$0) }
      }
    } else if rows.isEmpty {
      print(shown == .held ? "nothing is held" : "there is none")
    } else {
      table(rows).printOut()
    }
    return .done
  }

  static func show(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let id = try id(arguments.positionals[0], arguments)
    guard let content = try Quarantine.content(of: id, try arguments.settings().postgres.url.exposed) else {
      throw Complaint(
        .usage, at: arguments.here, "there is no event \(id) in quarantine", remedy: "see 'meterd quarantine list'")
    }
    let text = String(validating: content.payload, as: UTF8.self)
    guard !arguments.has("json") else {
      printJSON { json in
        members(of: content.row, in: &json)
        json.member("replay_asked_for", content.isAskedFor)
        json.name("headers")
        json.array { json in
          for header in content.headers {
            json.array { json in
              json.string(header.name)
              if let value = header.value { json.string(value) } else { json.null() }
            }
          }
        }
        json.member("payload", content.payloadBase64)
        if let text { json.member("text", text) }
      }
      return .done
    }
    let row = content.row
    print("event \(row.id) of \(row.log), offset \(row.offset), received \(row.receivedAt)")
    print("\(row.state)\(content.isAskedFor ? ", a replay is asked for" : ""): \(row.reason): \(row.detail)")
    for header in content.headers { print("header \(quoted(header.name)): \(header.value ?? "none") (base64)") }
    print(text.map { "payload: \(quoted($0))" } ?? "payload: \(content.payloadBase64) (base64, not UTF-8)")
    return .done
  }

  // What lists and lines have in common.

  /// The members of the view, but for the bytes.
  private static func members(of row: Quarantine.Row, in json: inout JSONText) {
    json.member("id", row.id)
    json.member("topic", row.log.topic)
    json.member("partition", Int64(row.log.partition))
    json.member("offset", row.offset)
    json.member("reason", row.reason)
    json.member("detail", row.detail)
    json.member("received_at", row.receivedAt)
    json.member("state", row.state)
    json.member("payload_bytes", row.payloadBytes)
  }

  static func printJSON(_ members: (inout JSONText) -> Void) {
    var json = JSONText()
    json.object(members)
    print(String(decoding: json.bytes, as: UTF8.self))
  }

  private static func table(_ rows: [Quarantine.Row]) -> Table {
    var table = Table(
      ["ID", "TOPIC", "PARTITION", "OFFSET", "RECEIVED", "STATE", "BYTES", "REASON", "DETAIL"],
      rightAligned: ["ID", "PARTITION", "OFFSET", "BYTES"])
    for row in rows {
      table.add([
        String(row.id), row.log.topic, String(row.log.partition), String(row.offset), row.receivedAt, row.state,
        String(row.payloadBytes), row.reason, row.detail,
      ])
    }
    return table
  }

  /// As JSON writes it: whatever a producer sent, it is one line and moves no cursor.
  private static func quoted(_ text: String) -> String {
    var json = JSONText()
    json.string(text)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  static func filter(_ arguments: Arguments) throws(Complaint) -> Quarantine {
    let reason = arguments.text("reason")
    if let reason, Reason(rawValue: reason) == nil {
      throw arguments.wrong("reason", reason, "a reason, such as \(Reason.badValue.rawValue)")
    }
    return Quarantine(
      reason: reason, topic: arguments.text("topic"),
      partition: try arguments.integer("partition", in: 0...Int(Int32.max)).map { Int32($0) })
  }

  static func id(_ text: String, _ arguments: Arguments) throws(Complaint) -> Int64 {
    guard let id = Int64(text), id > 0 else {
      throw Complaint(
        .usage, at: arguments.here, "'\(text)' is no id", remedy: "see 'meterd quarantine list'")
    }
    return id
  }
}
