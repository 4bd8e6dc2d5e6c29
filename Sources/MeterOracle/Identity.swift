/// What makes two events the same event: tenant, source and id; not time, not type.
struct Identity: Hashable, Sendable {
  let tenant: OracleText
  let source: OracleText
  let id: OracleText
}

/// What two events of one identity must share to be duplicates and not in conflict. The tenant is in the identity.
///
/// "Corrections" in the contract's list are both `correction` and `corrects`.
struct Content: Equatable, Sendable {
  let type: OracleText
  /// As an instant; absent is absent.
  let time: OracleInstant?
  /// As a JSON value, numbers by their text.
  let data: JSONValue
  let correction: OracleText?
  let corrects: OracleText?

  init(_ event: Event) {
    type = event.type
    time = event.time
    data = event.data.sorted
    switch event.correction {
    case .none: correction = nil
    case .adjust: correction = "adjust"
    case .void: correction = "void"
    }
    corrects = event.corrects
  }

  /// A void carries its original's type, subject, time and data; its `corrects` is its own.
  func isRepeated(by void: Content) -> Bool {
    type == void.type && time == void.time && data == void.data
  }
}

/// The first event of an identity that was counted or voided.
struct Memory: Sendable {
  enum Outcome {
    /// What it did to each of its meters, so that a void can take back just that.
    case counted(effects: [Effect])
    /// It was counted, and a void has taken it back.
    case takenBack
    /// It is itself a void.
    case void
  }

  let offset: Int64
  let content: Content
  /// The largest Kafka timestamp accepted in the partition when this was counted.
  let countedAt: OracleInstant
  var outcome: Outcome
}

/// What one event does to one cell.
struct Effect: Sendable {
  let cell: CellKey
  let quantity: Quantity
}

/// What an event brings to a meter.
enum Quantity: Sendable {
  /// Only that it happened.
  case event
  /// What a `sum` meter adds, times 10^scale.
  case addend(WholeNumber)
  /// The value of a `max`, `min`, `latest` or `time_weighted` meter at the event's time, times 10^scale.
  case level(WholeNumber)
  /// A scalar's text.
  case text(OracleText)
}
