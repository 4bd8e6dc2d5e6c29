/// The single outcome of one event.
public enum Verdict: UInt8, Sendable, CaseIterable {
  case counted
  case late
  case duplicate
  case conflict
  case voided
  case unmetered
  case quarantined

  /// The word of the contract, in views, metrics and tables.
  public var name: String {
    switch self {
    case .counted: "counted"
    case .late: "late"
    case .duplicate: "duplicate"
    case .conflict: "conflict"
    case .voided: "voided"
    case .unmetered: "unmetered"
    case .quarantined: "quarantined"
    }
  }
}

/// Why an event could not be counted.
public enum Reason: String, Sendable, CaseIterable {
  case badEncoding = "bad_encoding"
  case notJSON = "not_json"
  case notCloudEvent = "not_cloudevent"
  case badAttribute = "bad_attribute"
  case badValue = "bad_value"
  case badDimension = "bad_dimension"
  case tooOld = "too_old"
  case inFuture = "in_future"
  case overflow = "overflow"
  case voidUnknown = "void_unknown"
  case voidTwice = "void_twice"
  case voidUnsupported = "void_unsupported"
  case tooLarge = "too_large"
}

/// How many events left with each verdict.
public struct VerdictCounts: Sendable {
  @usableFromInline var counts = InlineArray<7, Int64>(repeating: 0)

  @inlinable public init() {}

  @inlinable
  public subscript(verdict: Verdict) -> Int64 {
    get { counts[Int(verdict.rawValue)] }
    set { counts[Int(verdict.rawValue)] = newValue }
  }

  /// Every event has exactly one verdict, so the events are their sum and need no counter of their own.
  public var events: Int64 { counts.indices.reduce(0) { $0 + counts[$1] } }

  public static func += (a: inout VerdictCounts, b: VerdictCounts) {
    for index in a.counts.indices { a.counts[index] += b.counts[index] }
  }
}

extension VerdictCounts: Equatable {
  public static func == (a: VerdictCounts, b: VerdictCounts) -> Bool {
    a.counts.indices.allSatisfy { a.counts[$0] == b.counts[$0] }
  }
}
