/// The events of every bench, one after the other: a pure function of a seed, the index and the share of duplicates.
struct UsageStream {
  private static let duplicateReach = 10_000
  /// A service hands an event over up to two seconds after it happened. The first ones happened in the first seconds of the year.
  private static let delayNs = 2_000_000_000

  let duplicatePercent: Int
  private(set) var count = 0
  private(set) var bytes = 0
  /// Events by who wrote them, duplicates included.
  private(set) var written = [Int](repeating: 0, count: Producer.allCases.count)

  private let ranks: ZipfRanks
  private let endpointRanks = ZipfRanks(Self.endpoints.count)
  private let modelRanks = ZipfRanks(Self.models.count)
  private let chainRanks = ZipfRanks(Self.chains.count)

  init(tenants: Int, duplicatePercent: Int) {
    self.duplicatePercent = duplicatePercent
    ranks = ZipfRanks(tenants)
  }

  /// When Kafka got event `index`, in milliseconds since 1970.
  static func stampMs(_ index: Int) -> Int64 { Workshop.startMs + Int64(delayNs / 1_000_000) + Int64(index) }

  /// Puts the next event's JSON in place of `text`.
  mutating func next(into text: inout [UInt8]) {
    let event = event(original(of: count))
    event.write(to: &text)
    count += 1
    bytes += text.count
    written[event.producer.rawValue] += 1
  }

  /// One line of what the events were like.
  var shares: String {
    let shares = Producer.allCases.map { producer in
      let share = Double(written[producer.rawValue]) / Double(max(1, count))
      return "\(producer) \(Report.fixed(share * 100, 1)) %"
    }
    return
      "written by \(shares.joined(separator: ", ")); \(Report.fixed(Double(bytes) / Double(max(1, count)), 1)) bytes an event"
  }

  /// The event itself, or the one that it repeats.
  private func original(of index: Int) -> Int {
    guard isDuplicate(index) else { return index }
    var draw = Draw(~Workshop.seed, index)
    var candidate = index - 1 - draw.below(min(index, Self.duplicateReach))
    while isDuplicate(candidate) { candidate -= 1 }
    return candidate
  }

  /// The first event is none.
  private func isDuplicate(_ index: Int) -> Bool {
    var draw = Draw(Workshop.seed &+ 1, index)
    return index > 0 && draw.below(100) < duplicatePercent
  }

  private func event(_ index: Int) -> UsageEvent {
    var draw = Draw(Workshop.seed, index)
    let kind = ProductKind.drawn(&draw)
    var event = UsageEvent(
      producer: Producer.drawn(&draw), kind: kind, id: (draw.next(), draw.next()), tenant: ranks.rank(&draw),
      nanoseconds: Self.stampMs(index) * 1_000_000 - Int64(draw.below(Self.delayNs)), members: [])
    func add(_ name: StaticString, _ value: String) {
      event.members.append(UsageEvent.Member(name: name, value: Array(value.utf8)))
    }
    switch kind {
    case .apiCall:
      add("endpoint", "\"\(Self.endpoints[endpointRanks.rank(&draw)])\"")
      add("region", region(&draw))
      add("status", "\([200, 200, 200, 200, 200, 201, 204, 404, 429, 500][draw.below(10)])")
      // What came out of a cache was not timed. The product of two even draws leans to short times with a long tail.
      if draw.below(2) == 0 { add("latency_ms", Self.thousandths(1 + draw.below(2_000) * draw.below(2_000))) }
    case .llmTokens:
      add("model", "\"\(Self.models[modelRanks.rank(&draw)])\"")
      add("tokens", "\(1 + draw.below(180) * draw.below(180))")
      add("direction", draw.below(3) > 0 ? "\"input\"" : "\"output\"")
    case .chainDeployment:
      add("chain", "\"\(Self.chains[chainRanks.rank(&draw)])\"")
      add("region", region(&draw))
    case .storageSample:
      add("gigabytes", Self.thousandths(draw.below(510_000)))
      add("volume", "\"vol-0\(1 + draw.below(8))\"")
    }
    return event
  }

  private func region(_ draw: inout Draw) -> String { "\"\(Self.regions[draw.below(Self.regions.count)])\"" }

  private static func thousandths(_ number: Int) -> String {
    "\(number / 1_000)." + String(1_000 + number % 1_000).dropFirst()
  }

  private static let endpoints = [
    "/v1/chat/completions", "/v1/embeddings", "/v1/blocks/latest", "/v1/transactions", "/v1/transactions/{hash}",
    "/v1/accounts/{address}", "/v1/accounts/{address}/balance", "/v1/logs", "/v1/volumes", "/v1/volumes/{id}",
    "/v1/volumes/{id}/snapshots", "/v1/images/generations", "/v1/audio/transcriptions", "/v1/deployments",
    "/v1/deployments/{id}", "/v1/deployments/{id}/logs", "/v1/keys", "/v1/keys/{id}", "/v1/webhooks", "/v1/usage",
    "/v1/invoices", "/v1/members", "/v1/projects", "/healthz",
  ]
  private static let models = [
    "harbor-large", "harbor-small", "meadow-70b", "meadow-8b", "quartz-embed", "quartz-rerank", "lantern-vision",
    "lantern-audio", "tundra-code", "tundra-code-mini",
  ]
  private static let chains = [
    "ethereum", "polygon", "base", "arbitrum", "optimism", "avalanche", "gnosis", "sepolia",
  ]
  private static let regions = ["eu-central", "eu-west", "us-east", "us-west", "ap-south", "ap-northeast"]
}
