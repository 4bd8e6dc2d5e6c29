import MeterModel

/// A decoded event with its texts written out, so that it compares whatever memory it came from.
struct PlainEvent: Equatable {
  struct Measure: Equatable {
    var meter: Int32
    var series: SeriesKey
    var units: Int128
    var id: MeterID
    var aggregate: MeterDefinition.Aggregate
    var scale: Int8
    var dimensions: [[UInt8]]
  }

  var place: Int32
  var finding: EventBatch.Finding
  var kind: EventBatch.Kind
  var problem: Reason?
  var detail: String?
  var identity: UInt64
  var content: UInt32
  var void: EventBatch.Void?
  var time: Instant?
  var tenant: [UInt8]
  var tenantKey: SeriesKey
  var source: [UInt8]
  var id: [UInt8]
  var payload: [UInt8]
  var measures: [Measure]

  init(_ event: EventBatch.Event, _ events: borrowing EventBatch, _ batch: borrowing RecordBatch) {
    place = event.place
    finding = event.finding
    kind = event.kind
    problem = event.problem
    detail = event.detail >= 0 ? events.details[Int(event.detail)] : nil
    identity = event.identity
    content = event.content
    void = event.void >= 0 ? events.voids[Int(event.void)] : nil
    time = event.time
    tenant = events.bytes(event.tenant, in: batch)
    tenantKey = event.tenantKey
    source = events.bytes(event.source, in: batch)
    id = events.bytes(event.id, in: batch)
    payload = events.bytes(event.payload, in: batch)
    measures = []
    for index in 0..<Int(event.measureCount) {
      let measure = events.measures[Int(event.firstMeasure) + index]
      let count = Int(measure.dimensionCount)
      let first = Int(measure.firstDimension)
      measures.append(
        Measure(
          meter: measure.meter, series: measure.series, units: measure.units, id: measure.meterID,
          aggregate: measure.aggregate, scale: measure.scale,
          dimensions: (first..<first + count).map { events.bytes(events.dimensions[$0], in: batch) }))
    }
  }

  var isSound: Bool {
    switch finding {
    case .refused: problem != nil && detail != nil && measures.isEmpty
    case .unmetered: problem == nil && measures.isEmpty
    case .measurable: (problem == nil) == !measures.isEmpty && (problem == nil) == (detail == nil)
    }
  }
}
