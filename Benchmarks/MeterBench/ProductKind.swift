/// What is used, and how much of it there is among a hundred events.
enum ProductKind: Int, CaseIterable {
  case apiCall, llmTokens, chainDeployment, storageSample

  var percent: Int {
    switch self {
    case .apiCall: 60
    case .llmTokens: 25
    case .chainDeployment: 5
    case .storageSample: 10
    }
  }

  var type: String {
    switch self {
    case .apiCall: "api.call"
    case .llmTokens: "llm.tokens"
    case .chainDeployment: "chain.deployment"
    case .storageSample: "storage.sample"
    }
  }

  var source: String {
    switch self {
    case .apiCall: "/gateway"
    case .llmTokens: "/inference"
    case .chainDeployment: "/chains"
    case .storageSample: "/storage"
    }
  }

  static func drawn(_ draw: inout Draw) -> ProductKind {
    var left = draw.below(100)
    for kind in allCases {
      if left < kind.percent { return kind }
      left -= kind.percent
    }
    return .apiCall
  }
}
