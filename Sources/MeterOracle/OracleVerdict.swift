/// The single outcome of one event. `late` rests on periods, which the oracle does not know.
public enum OracleVerdict: String, CaseIterable, Sendable {
  case counted
  case duplicate
  case conflict
  case voided
  case unmetered
  case quarantined
}

/// Why an event or record could not be counted.
public enum OracleReason: String, CaseIterable, Sendable {
  case notJSON = "not_json"
  case notCloudEvent = "not_cloudevent"
  case badAttribute = "bad_attribute"
  case badValue = "bad_value"
  case badDimension = "bad_dimension"
  case tooOld = "too_old"
  case inFuture = "in_future"
  case overflow
  case voidUnknown = "void_unknown"
  case voidTwice = "void_twice"
  case voidUnsupported = "void_unsupported"
  case badEncoding = "bad_encoding"
  case tooLarge = "too_large"
}

/// Ends the look at one event, or at one record, with quarantine.
struct Refusal: Error {
  let reason: OracleReason
  /// For a person; it holds no payload.
  let detail: String

  init(_ reason: OracleReason, _ detail: String) {
    self.reason = reason
    self.detail = detail
  }
}
