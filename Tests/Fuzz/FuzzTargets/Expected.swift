import MeterModel

@testable import MeterOracle

/// What the oracle makes of a record, as far as it can be said without knowing what was counted before.
struct Expected {
  var finding: EventBatch.Finding
  var problem: Reason?
  var event: Event?
  var measures: [(units: Int128, dimensions: [[UInt8]])] = []

  static func events(of record: SmallLog.Record, bytesMax: Int) -> [Expected] {
    let opener = RecordOpener(maxEventBytes: bytesMax) { frame, limit in
      ReferenceFrame.content(frame).map { Array($0.prefix(limit)) }
    }
    let headers = record.headers.map { OracleRecord.Header(name: OracleText(bytes: $0.name), value: $0.value) }
    do throws(Refusal) {
      let claims = try opener.claims(
        of: OracleRecord(
          topic: "t", partition: 0, offset: 0, timestampMs: 1_000, headers: headers, value: record.value))
      return claims.map(Self.init)
    } catch {
      return [Expected(finding: .refused, problem: Reason(rawValue: error.reason.rawValue))]
    }
  }

  private init(finding: EventBatch.Finding, problem: Reason?) {
    self.finding = finding
    self.problem = problem
  }

  private init(_ claim: JSONValue) {
    finding = .refused
    do throws(Refusal) {
      let event = try Event(claim)
      self.event = event
      let wanting = SmallCatalog.oracleMeters.filter { $0.event == event.type }
      finding = wanting.isEmpty ? .unmetered : .measurable
      try measure(event, wanting)
    } catch {
      problem = Reason(rawValue: error.reason.rawValue)
      measures = []
    }
  }

  private mutating func measure(_ event: Event, _ wanting: [OracleMeter]) throws(Refusal) {
    if event.isCorrection, let meter = wanting.first(where: { !$0.aggregate.canBeCorrected }) {
      throw Refusal(.voidUnsupported, "meter '\(meter.name)'")
    }
    var units: [Int128] = []
    for meter in wanting {
      switch try Measurement.quantity(for: meter, of: event) {
      case .event, .text: units.append(1)
      case .addend(let number), .level(let number):
        let magnitude = number.digits.reduce(Int128(0)) { $0 * 10 + Int128($1) }
        units.append(number.isNegative ? -magnitude : magnitude)
      }
    }
    for (meter, units) in zip(wanting, units) {
      measures.append((units, try Measurement.dimensions(for: meter, of: event).map(\.bytes)))
    }
  }
}

extension Event {
  var isCorrection: Bool {
    if case .none = correction { false } else { true }
  }

  /// A void's values are its original's, which the oracle does not look at again.
  var isVoid: Bool {
    if case .void = correction { true } else { false }
  }
}
