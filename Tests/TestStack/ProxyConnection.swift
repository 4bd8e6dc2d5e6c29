import Foundation

/// One client of a `ByteProxy` and its connection upstream. Owns both sockets.
struct ProxyConnection: Sendable {
  /// A cut that was decided. Bytes that were forwarded are given until `flushesUntil` to be acknowledged, since RST
  /// would take them back.
  struct Ending: Sendable {
    let how: ByteProxy.Cut
    let flushesUntil: ContinuousClock.Instant
  }

  let number: Int
  private(set) var client: Int32
  private(set) var server: Int32
  private var isConnecting = true
  var flows: [ByteProxy.Direction: ProxyFlow]
  var cut: Ending?
  private(set) var isOver = false

  init(number: Int, client: Int32, server: Int32, holdback: Duration) {
    flows = [.toServer: ProxyFlow(holdback: holdback), .toClient: ProxyFlow(holdback: holdback)]
    self.number = number
    self.client = client
    self.server = server
  }

  var traffic: ByteProxy.Traffic {
    .init(toServer: flows[.toServer]?.forwarded ?? 0, toClient: flows[.toClient]?.forwarded ?? 0)
  }

  /// A socket of which nothing is wanted is left out: poll(2) would report its hang-up again and again.
  var wanted: [pollfd] {
    guard let toServer = flows[.toServer], let toClient = flows[.toClient], cut == nil else { return [] }
    var atClient: Int32 = 0
    var atServer: Int32 = isConnecting ? POLLOUT : 0
    if toServer.hasRoom { atClient |= POLLIN }
    if toClient.isBlocked { atClient |= POLLOUT }
    if toClient.hasRoom, !isConnecting { atServer |= POLLIN }
    if toServer.isBlocked { atServer |= POLLOUT }
    return [(client, atClient), (server, atServer)].filter { $0.1 != 0 }
      .map { pollfd(fd: $0.0, events: Int16($0.1), revents: 0) }
  }

  /// When there is something to do though no socket says so.
  var wakesAt: ContinuousClock.Instant? {
    if cut != nil { return .now + .milliseconds(1) }
    return flows.values.compactMap(\.wakesAt).min()
  }

  mutating func release() {
    for way in ByteProxy.Direction.allCases { flows[way]?.isStalled = false }
  }

  mutating func serve(_ proxy: inout ProxyState, _ hooks: inout [ProxyState.Hook]) {
    if isConnecting {
      var polled = pollfd(fd: server, events: Int16(POLLOUT), revents: 0)
      if unsafe poll(&polled, 1, 0) > 0 {
        if Socket.takeError(of: server) != 0 { return closeBoth(.reset) }
        isConnecting = false
      }
    }
    for way in ByteProxy.Direction.allCases where cut == nil && !isOver { serve(way, &proxy, &hooks) }
    if proxy.resetsWhenClientsEnd, cut == nil, flows[.toServer]?.sourceEnded == true { return closeBoth(.reset) }
    if let cut {
      let isFlushed = Socket.unacknowledged(client) == 0 && (isConnecting || Socket.unacknowledged(server) == 0)
      if isFlushed || .now >= cut.flushesUntil { closeBoth(cut.how) }
    } else if flows.values.allSatisfy(\.isFinished) {
      closeBoth(.finish)
    }
  }

  private mutating func serve(
    _ way: ByteProxy.Direction, _ proxy: inout ProxyState, _ hooks: inout [ProxyState.Hook]
  ) {
    // Taken out and put back: an action may change the connection while its flow is at work.
    guard var flow = flows[way] else { return }
    let before = flow.forwarded
    defer {
      flows[way] = flow
      if way == .toServer {
        proxy.total.toServer += flow.forwarded - before
      } else {
        proxy.total.toClient += flow.forwarded - before
      }
    }
    let source = way == .toServer ? client : server
    let sink = way == .toServer ? server : client
    if way == .toServer || !isConnecting, !flow.receive(from: source) { return closeBoth(.reset) }
    flow.look(for: &proxy.rules, way, of: number)
    flow.isHeld = proxy.stalled.contains(way) || isConnecting
    while !flow.isHeld, !flow.isStalled, !flow.waitsForHook, cut == nil {
      guard flow.send(to: sink, delayed: proxy.delays[way] ?? .zero) else { return closeBoth(.reset) }
      guard let due = flow.dueAction() else { break }
      proxy.hits[due.rule, default: 0] += 1
      switch due.action {
      case .cut(let how): cut = Ending(how: how, flushesUntil: .now + .seconds(1))
      case .halfClose: flow.halfClose()
      case .stall: flow.isStalled = true
      case .replace(let bytes): flow.overwrite(bytes, from: due.begin)
      case .run(let call):
        flow.waitsForHook = true
        hooks.append(.init(connection: number, direction: way, call: call))
      }
    }
    // Its end would come as FIN, in front of the reset.
    if way == .toServer, proxy.resetsWhenClientsEnd { return }
    if cut == nil { flow.finish(sink) }
  }

  mutating func closeBoth(_ how: ByteProxy.Cut) {
    if isOver { return }
    for descriptor in [client, server] {
      switch how {
      case .reset: Socket.closeWithReset(descriptor)
      case .finish: Socket.closeWithFinish(descriptor)
      }
    }
    isOver = true
  }
}
