/// The names that events are made of, as bytes ready to be appended, and how often each is used.
struct Vocabulary: Sendable {
  let endpoints: [[UInt8]]
  let models: [[UInt8]]
  let chains: [[UInt8]]
  let regions: [[UInt8]]
  let opening = Array(#"{"specversion":"1.0""#.utf8)
  let id = Array(#","id":""#.utf8)
  let sources: [[UInt8]]
  let types: [[UInt8]]
  let subject = Array(#","subject":""#.utf8)
  let tenant = Array("tenant-".utf8)
  let time = Array(#","time":""#.utf8)
  let payload = Array(#","data":{"#.utf8)
  let region = Array(#","region":""#.utf8)
  let status = Array(#"","status":"#.utf8)
  let latency = Array(#","latency_ms":"#.utf8)
  let tokens = Array(#","tokens":"#.utf8)
  let input = Array(#","direction":"input""#.utf8)
  let output = Array(#","direction":"output""#.utf8)
  let gigabytes = Array(#""gigabytes":"#.utf8)
  let volume = Array(#","volume":"vol-"#.utf8)
  let padding = Array(#","padding":""#.utf8)

  private let endpointTable: ZipfTable
  private let modelTable: ZipfTable
  private let chainTable: ZipfTable

  init(exponent: Double) {
    endpoints = Self.endpointNames.map { path, method in
      Array(#""endpoint":"\#(path)","method":"\#(method)""#.utf8)
    }
    models = Self.modelNames.map { Array(#""model":"\#($0)""#.utf8) }
    chains = Self.chainNames.map { Array(#""chain":"\#($0)""#.utf8) }
    regions = Self.regionNames.map { Array($0.utf8) }
    sources = EventKind.allCases.map { Array(#"","source":"\#($0.source)""#.utf8) }
    types = EventKind.allCases.map { Array(#","type":"\#($0.type)""#.utf8) }
    endpointTable = ZipfTable(count: endpoints.count, exponent: exponent)
    modelTable = ZipfTable(count: models.count, exponent: exponent)
    chainTable = ZipfTable(count: chains.count, exponent: exponent)
  }

  func endpoint(_ bits: UInt64) -> [UInt8] { endpoints[endpointTable.rank(bits)] }
  func model(_ bits: UInt64) -> [UInt8] { models[modelTable.rank(bits)] }
  func chain(_ bits: UInt64) -> [UInt8] { chains[chainTable.rank(bits)] }

  private static let endpointNames = [
    ("/v1/chat/completions", "POST"), ("/v1/embeddings", "POST"), ("/v1/blocks/latest", "GET"),
    ("/v1/transactions", "POST"), ("/v1/transactions/{hash}", "GET"), ("/v1/accounts/{address}", "GET"),
    ("/v1/accounts/{address}/balance", "GET"), ("/v1/logs", "GET"), ("/v1/volumes", "GET"),
    ("/v1/volumes/{id}", "PATCH"), ("/v1/volumes/{id}/snapshots", "POST"), ("/v1/images/generations", "POST"),
    ("/v1/audio/transcriptions", "POST"), ("/v1/deployments", "POST"), ("/v1/deployments/{id}", "DELETE"),
    ("/v1/deployments/{id}/logs", "GET"), ("/v1/keys", "GET"), ("/v1/keys/{id}", "DELETE"),
    ("/v1/webhooks", "PUT"), ("/v1/usage", "GET"), ("/v1/invoices", "GET"), ("/v1/members", "GET"),
    ("/v1/projects", "POST"), ("/healthz", "GET"),
  ]
  private static let modelNames = [
    "harbor-large", "harbor-small", "meadow-70b", "meadow-8b", "quartz-embed", "quartz-rerank", "lantern-vision",
    "lantern-audio", "tundra-code", "tundra-code-mini",
  ]
  private static let chainNames = [
    "ethereum", "polygon", "base", "arbitrum", "optimism", "avalanche", "gnosis", "sepolia",
  ]
  private static let regionNames = [
    "eu-central", "eu-west", "us-east", "us-west", "ap-south", "ap-northeast",
  ]
}
