import Foundation
import TestStack

/// Tenants with a plan each, what they use, and what is told of it.
struct LimitScene {
  let stack: Stack
  private var sent = 0

  init(_ stack: Stack) { self.stack = stack }

  /// The hour in which it plays.
  static let meters = """
    meters:
      - { name: points, event: points.scored, aggregate: sum, value: points }
      - { name: highest, event: level.seen, aggregate: max, value: level }
      - { name: stored, event: disk.sample, aggregate: latest, value: bytes, dimensions: [disk] }
      - { name: visitors, event: page.view, aggregate: unique, value: visitor }
      - { name: rented, event: room.sample, aggregate: time_weighted, value: rooms, dimensions: [house] }

    """

  static func hour(_ hours: Int) -> String {
    let second = Int(Date().timeIntervalSince1970) / 3_600 * 3_600 + hours * 3_600
    return ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: TimeInterval(second)))
  }

  /// A subscription that began two hours ago, to a plan with one entry.
  static func subscription(
    _ tenant: String, version: Int = 1, _ entry: String, shadow: String? = nil, more: String = ""
  ) -> String {
    let shadowed =
      shadow.map { _ in
        """
          - { id: shadow_\(tenant), tenant: \(tenant), plan: shadow_\(tenant), version: \(version), starts_at: \(hour(-2)), shadow: true }

        """
      } ?? ""
    let shadowPlan =
      shadow.map { "  - { name: shadow_\(tenant), version: \(version), currency: EUR, usage: [\($0)] }\n" } ?? ""
    return """
      plans:
        - { name: plan_\(tenant), version: \(version), currency: EUR, usage: [\(entry)] }
      \(shadowPlan)tenants: [{ id: \(tenant) }]
      subscriptions:
        - { id: sub_\(tenant), tenant: \(tenant), plan: plan_\(tenant), version: \(version), starts_at: \(hour(-2)) \(more) }
      \(shadowed)
      """
  }

  struct Event {
    var tenant: String
    var type = "points.scored"
    var data: String
    var correction: String?
    var id: String?
    var partition: Int?
    var time: String?
  }

  static func points(_ tenant: String, _ points: String, id: String? = nil, partition: Int? = nil) -> Event {
    // What is negative is an adjust.
    Event(
      tenant: tenant, data: #"{"points":\#(points)}"#, correction: points.hasPrefix("-") ? "adjust" : nil, id: id,
      partition: partition)
  }

  /// Sends events in order, each to its tenant's partition, and waits until all are counted. Their ids are `e1`, `e2`, … unless said.
  mutating func send(_ events: [Event], isWaitedFor: Bool = true) throws {
    let now = Int(Date().timeIntervalSince1970 * 1_000)
    var lines = ""
    for event in events {
      sent += 1
      var object: [String: Any] = [
        "specversion": "1.0", "id": event.id ?? "e\(sent)", "source": "/scene", "type": event.type,
        "subject": event.tenant,
      ]
      if let time = event.time { object["time"] = time }
      if let correction = event.correction { object["correction"] = correction }
      var value = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
      // Its digits as they are written.
      value = value.dropLast() + ",\"data\":\(event.data)}"
      let partition = event.partition ?? event.tenant.utf8.reduce(0) { $0 + Int($1) } % 4
      let line: [String: Any] = [
        "partition": partition, "offset": sent, "timestamp": now, "key": event.tenant, "headers": [] as [Any],
        "value": value,
      ]
      lines += String(decoding: try JSONSerialization.data(withJSONObject: line), as: UTF8.self) + "\n"
    }
    let file = try stack.folder.write(lines, to: "scene-\(sent).ndjson")
    let outcome = try stack.lab(["load", "--brokers", stack.brokers, "--from", file])
    guard outcome.status == 0 else { throw StackFailure(at: "scene", outcome.errors) }
    guard isWaitedFor else { return }
    try eventually("all events have a verdict", is: "\(sent)") {
      (try? stack.database.scalar("select coalesce(sum(events), 0) from meterd.accounting")) ?? "none"
    }
  }

  /// `kind threshold used limit`, in order.
  func told(_ tenant: String, _ columns: String = "kind, threshold, used, \"limit\"") throws -> [String] {
    try stack.database.query(
      "select \(columns) from meterd.limit_events where tenant = $1 order by seq", [tenant]
    ).map { row in row.map { $0 ?? "-" }.joined(separator: " ") }
  }
}
