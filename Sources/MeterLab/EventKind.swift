/// What a product service reports: each kind has a product as its source and feeds one meter of the sample catalog.
public enum EventKind: Int, Sendable, CaseIterable {
  case apiCall
  case llmTokens
  case chainDeployment
  case storageSample

  /// The CloudEvents `type`.
  public var type: String {
    switch self {
    case .apiCall: "api.call"
    case .llmTokens: "llm.tokens"
    case .chainDeployment: "chain.deployment"
    case .storageSample: "storage.sample"
    }
  }

  /// The CloudEvents `source`.
  public var source: String {
    switch self {
    case .apiCall: "//products/api-gateway"
    case .llmTokens: "//products/inference"
    case .chainDeployment: "//products/chain-hosting"
    case .storageSample: "//products/block-storage"
    }
  }

  /// How many of a hundred events are of this kind.
  public var percent: Int {
    switch self {
    case .apiCall: 60
    case .llmTokens: 25
    case .chainDeployment: 5
    case .storageSample: 10
    }
  }

  /// Products write time with differing precision, and so do the events; storage writes local time with an offset.
  var fractionDigits: Int {
    switch self {
    case .apiCall: 3
    case .llmTokens: 6
    case .chainDeployment: 9
    case .storageSample: 0
    }
  }

  var offsetHours: Int { self == .storageSample ? 2 : 0 }

  static func drawn(_ percent: Int) -> EventKind {
    var left = percent
    for kind in allCases {
      if left < kind.percent { return kind }
      left -= kind.percent
    }
    return .apiCall
  }
}
