import Foundation

/// Everything a `ByteProxy` knows, under its lock. Nothing in here blocks.
struct ProxyState: Sendable {
  struct Rule: Sendable {
    enum Trigger: Sendable {
      case count(Int)
      case bytes([UInt8], ByteProxy.Moment)
    }

    let direction: ByteProxy.Direction
    /// Nil is every connection.
    let connection: Int?
    let trigger: Trigger
    let action: ByteProxy.Action
    /// How often it may still hit.
    var left: Int
  }

  /// A call that the thread makes with the lock released. Its flow waits for it.
  struct Hook: Sendable {
    let connection: Int
    let direction: ByteProxy.Direction
    let call: @Sendable () -> Void
  }

  static let endedMax = 1000

  var listener: Int32
  var upstream: (host: String, port: Int)
  var connections: [ProxyConnection] = []
  var rules: [Int: Rule] = [:]
  var ruleCount = 0
  var hits: [Int: Int] = [:]
  var delays: [ByteProxy.Direction: Duration] = [:]
  var stalled: Set<ByteProxy.Direction> = []
  var accepted = 0
  var total = ByteProxy.Traffic()
  var isClosed = false
  var resetsWhenClientsEnd = false
  private var ended: [Int: ByteProxy.Traffic] = [:]

  let holdback: Duration

  init(listener: Int32, host: String, port: Int, holdback: Duration) {
    self.listener = listener
    upstream = (host, port)
    self.holdback = holdback
  }

  /// What to wait for, and how long; nil when it is all over.
  mutating func plan() -> (wanted: [pollfd]?, timeout: Int32) {
    if isClosed { return (nil, 0) }
    var wanted = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
    var wakesAt: ContinuousClock.Instant?
    for connection in connections {
      wanted += connection.wanted
      if let at = connection.wakesAt { wakesAt = min(at, wakesAt ?? at) }
    }
    return (wanted, wakesAt.map { Deadline.milliseconds(ContinuousClock.now.duration(to: $0)) } ?? -1)
  }

  /// Does all that can be done without waiting, and returns the calls to make.
  mutating func serve() -> [Hook] {
    if isClosed { return [] }
    while listener >= 0, let client = Socket.accept(from: listener) {
      accepted += 1
      guard let server = Socket.connect(to: upstream.host, port: upstream.port) else {
        Socket.closeWithReset(client)
        continue
      }
      connections.append(
        ProxyConnection(number: accepted, client: client, server: server, holdback: holdback))
    }
    var hooks: [Hook] = []
    for index in connections.indices {
      // Taken out and put back, since a connection changes the rules and counters that are kept here.
      var connection = connections[index]
      connection.serve(&self, &hooks)
      connections[index] = connection
    }
    for connection in connections where connection.isOver { remember(connection) }
    connections.removeAll { $0.isOver }
    return hooks
  }

  mutating func resume(_ hook: Hook) {
    guard let index = connections.firstIndex(where: { $0.number == hook.connection }) else { return }
    connections[index].flows[hook.direction]?.waitsForHook = false
  }

  private mutating func remember(_ connection: ProxyConnection) {
    ended[connection.number] = connection.traffic
    if ended.count > Self.endedMax { ended[ended.keys.min() ?? 0] = nil }
  }

  func traffic(of number: Int) -> ByteProxy.Traffic? {
    connections.first { $0.number == number }?.traffic ?? ended[number]
  }

  mutating func closeListener() {
    if listener >= 0 { Glibc.close(listener) }
    listener = -1
  }

  mutating func close() {
    closeListener()
    for index in connections.indices {
      connections[index].closeBoth(.reset)
      remember(connections[index])
    }
    connections = []
    isClosed = true
  }
}
