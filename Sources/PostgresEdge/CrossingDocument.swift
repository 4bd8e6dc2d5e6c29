import MeterModel
import MeterTelemetry

/// What is told of limits, as `meterd.tell_crossings` reads it.
enum CrossingDocument {
  /// Nil for none.
  static func text(_ crossings: [Crossing]) -> String? {
    array(crossings) { json, crossing in write(crossing, to: &json) }
  }

  static func text(_ reviewed: [Reviewed]) -> String? {
    array(reviewed) { json, review in
      json.object { json in
        json.member("period", review.period.number)
        json.member("meter", Int64(review.meter.number))
        json.member("event_id", String(decoding: review.cause.event, as: UTF8.self))
        json.member("offset", review.cause.offset)
      }
    }
  }

  static func text(_ findings: [LimitReview.Finding]) -> String? {
    array(findings) { json, finding in
      json.object { json in
        writeSubject(finding.crossing, to: &json)
        if let outcome = finding.beginning { json.member("kind", outcome.rawValue) }
        if let partition = finding.partition { json.member("partition", Int64(partition.number)) }
      }
    }
  }

  private static func array<Item>(_ items: [Item], _ write: (inout JSONText, Item) -> Void) -> String? {
    guard !items.isEmpty else { return nil }
    var json = JSONText()
    json.array { json in for item in items { write(&json, item) } }
    return String(decoding: json.bytes, as: UTF8.self)
  }

  private static func write(_ crossing: Crossing, to json: inout JSONText) {
    json.object { json in writeSubject(crossing, to: &json) }
  }

  /// Decimals are JSON's numbers, which PostgreSQL reads exactly. Of a name that comes twice the last one counts.
  private static func writeSubject(_ crossing: Crossing, to json: inout JSONText) {
    json.member("period", crossing.period.number)
    json.member("meter", Int64(crossing.meter.number))
    json.member("plan", Int64(crossing.rule.plan))
    json.name("used")
    json.number(crossing.used.description)
    if let mode = crossing.rule.terms.mode {
      json.member("mode", mode.rawValue)
      json.name("limit_at")
      json.number(crossing.rule.terms.at.description)
    }
    if let cause = crossing.cause {
      json.member("event_id", String(decoding: cause.event, as: UTF8.self))
      json.member("offset", cause.offset)
    }
    switch crossing.event {
    case .recovered(let kinds):
      json.member("kind", "recovered")
      json.name("ended")
      json.array { json in for kind in kinds { json.string("\(kind)") } }
    case .reached(let step):
      json.member("kind", "\(step.kind)")
      json.name("total")
      json.number(step.total.description)
      if let percent = step.percent {
        json.name("threshold")
        json.number(percent.description)
      }
    }
  }
}
