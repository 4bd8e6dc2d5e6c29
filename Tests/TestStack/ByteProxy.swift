import Foundation
import Synchronization

/// A TCP proxy on loopback that fails on request: it cuts, delays, stalls, half-closes and refuses, to the byte.
///
/// One thread serves all connections. A change applies to running connections at once. Each way of a connection holds
/// at most 256 KiB that were read and not yet forwarded; then it reads no more, and the sender feels it. It gives up
/// host names other than `localhost`, and IPv6.
public final class ByteProxy: Sendable {
  public enum Direction: Sendable, CaseIterable {
    case toServer, toClient
  }

  public enum Cut: Sendable {
    /// RST to both sides.
    case reset
    /// FIN to both sides, as of a process that closed its sockets.
    case finish
  }

  public enum Action: Sendable {
    /// The whole connection ends, after everything before this byte has reached its kernel on the other side.
    case cut(Cut)
    /// This way ends with FIN, and what else comes is thrown away; the other way goes on.
    case halfClose
    /// This way of this connection holds its bytes until `release`.
    case stall
    /// Called by the proxy's thread with no lock held; no byte of any connection moves until it returns.
    case run(@Sendable () -> Void)
    /// The bytes of the pattern go on as these, of which there must be as many. Only before forwarding.
    case replace([UInt8])
  }

  public enum Moment: Sendable {
    /// The bytes before the pattern are forwarded, then the action follows, then the pattern.
    case beforeForwarding
    case afterForwarding
  }

  /// Bytes that were forwarded.
  public struct Traffic: Sendable, Equatable {
    public var toServer = 0
    public var toClient = 0

    public subscript(_ direction: Direction) -> Int { direction == .toServer ? toServer : toClient }
  }

  /// What waits for a byte count or a pattern; it can be asked how often that came.
  public struct Trap: Sendable {
    let id: Int
    let proxy: ByteProxy

    public var hits: Int { proxy.state.withLock { $0.hits[id] ?? 0 } }

    public func disarm() { proxy.state.withLock { $0.rules[id] = nil } }

    public func waitForHit(_ count: Int = 1, within limit: Duration = .patience) throws(StackFailure) {
      try eventually("hit \(count) of a proxy's trap", within: limit, { hits }, until: { $0 >= count })
    }
  }

  public let port: Int
  public var address: String { "127.0.0.1:\(port)" }

  let state: Mutex<ProxyState>
  private let bell: (reading: Int32, writing: Int32)

  /// Listens on a free port and connects every client to `upstream`, `HOST:PORT`.
  ///
  /// `holdback` is how long the beginning of a possible match waits for the rest; a sender that answers itself goes on sooner
  /// than after the usual 50 ms by far, one on a busy machine may not.
  public init(to upstream: String, holdback: Duration = .milliseconds(50)) throws(StackFailure) {
    let parts = upstream.split(separator: ":")
    guard parts.count == 2, let upstreamPort = Int(parts[1]) else {
      throw StackFailure(at: "proxy", "'\(upstream)' is not HOST:PORT")
    }
    port = try FreePort.take()
    guard let listener = Socket.listen(onPort: port), let bell = Descriptors.pipe() else {
      throw StackFailure(at: "proxy", "cannot listen on port \(port) (\(lastError()))")
    }
    self.bell = bell
    for end in [bell.reading, bell.writing] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    state = Mutex(
      ProxyState(listener: listener, host: String(parts[0]), port: upstreamPort, holdback: holdback))
    Thread.detachNewThread { [self] in serve() }
  }

  /// The thread holds the proxy until `close`.
  private func serve() {
    var noise = [UInt8](repeating: 0, count: 64)
    var goesOn = false
    while true {
      let (wanted, timeout) = state.withLock { $0.plan() }
      guard let wanted else { break }
      var polled = [pollfd(fd: bell.reading, events: Int16(POLLIN), revents: 0)] + wanted
      _ = unsafe poll(&polled, nfds_t(polled.count), goesOn ? 0 : timeout)
      while unsafe read(bell.reading, &noise, noise.count) > 0 {}
      let hooks = state.withLock { $0.serve() }
      // A flow that waited for its hook has bytes to forward, of which no socket will tell.
      goesOn = !hooks.isEmpty
      for hook in hooks {
        hook.call()
        state.withLock { $0.resume(hook) }
      }
    }
    Glibc.close(bell.reading)
  }

  private func change(_ body: (inout ProxyState) -> Void) {
    state.withLock { state in
      if state.isClosed { return }
      var ring: UInt8 = 1
      _ = unsafe write(bell.writing, &ring, 1)
      body(&state)
    }
  }

  // What happens to bytes

  /// Each chunk is forwarded so much later than it came; without a direction, both ways.
  public func delay(_ direction: Direction? = nil, perChunk delay: Duration) {
    change { state in
      for way in direction.map({ [$0] }) ?? Direction.allCases { state.delays[way] = delay }
    }
  }

  /// Connections are accepted and their bytes held until `release`.
  public func stall(_ direction: Direction? = nil) {
    change { state in state.stalled.formUnion(direction.map { [$0] } ?? Direction.allCases) }
  }

  /// Lets everything that is stalled go on.
  public func release() {
    change { state in
      state.stalled = []
      for index in state.connections.indices { state.connections[index].release() }
    }
  }

  // Ends

  /// Ends every connection now; bytes that are held are lost. New ones are accepted.
  public func cutAll(_ cut: Cut = .reset) {
    change { state in
      for index in state.connections.indices { state.connections[index].cut = .init(how: cut, flushesUntil: .now) }
    }
  }

  /// Ends a connection after exactly `bytes` bytes were forwarded in `direction`. Connections count from 1 over the
  /// life of the proxy; without a number, every connection that comes so far, running ones included.
  @discardableResult
  public func cut(
    _ cut: Cut = .reset, connection: Int? = nil, after bytes: Int, _ direction: Direction
  ) -> Trap {
    add(.init(direction: direction, connection: connection, trigger: .count(bytes), action: .cut(cut), left: .max))
  }

  /// Sends FIN one way, after what was already read that way; without a number, on every running connection.
  public func halfClose(_ direction: Direction, connection: Int? = nil) {
    change { state in
      for index in state.connections.indices
      where connection == nil || state.connections[index].number == connection {
        state.connections[index].flows[direction]?.halfClose()
      }
    }
  }

  /// When `bytes` come by in `direction`, however they are cut into chunks, `action` follows. It is armed for `times`
  /// matches.
  ///
  /// To act before forwarding, the beginning of a possible match is held back for up to `holdback`.
  @discardableResult
  public func on(
    _ direction: Direction, containing bytes: [UInt8], connection: Int? = nil, _ moment: Moment = .beforeForwarding,
    times: Int = 1, do action: Action
  ) -> Trap {
    precondition(!bytes.isEmpty && bytes.count <= ProxyFlow.patternBytesMax, "a pattern has 1 to 256 bytes")
    return add(
      .init(direction: direction, connection: connection, trigger: .bytes(bytes, moment), action: action, left: times))
  }

  /// The same for text, such as `COMMIT\0` of the answer of PostgreSQL to a commit.
  @discardableResult
  public func on(
    _ direction: Direction, containing text: String, connection: Int? = nil, _ moment: Moment = .beforeForwarding,
    times: Int = 1, do action: Action
  ) -> Trap {
    on(direction, containing: Array(text.utf8), connection: connection, moment, times: times, do: action)
  }

  private func add(_ rule: ProxyState.Rule) -> Trap {
    var id = 0
    change { state in
      state.ruleCount += 1
      id = state.ruleCount
      state.rules[id] = rule
    }
    return Trap(id: id, proxy: self)
  }

  /// From here on a client that ends its side ends the whole connection with RST, also those that run. For a server that waits for
  /// an answer of its own and looks for nothing but a reset meanwhile.
  public func resetWhenClientsEnd() {
    change { $0.resetsWhenClientsEnd = true }
  }

  // New connections

  /// The port is closed: whoever connects is refused by the kernel. Running connections stay.
  public func refuseNew() {
    change { $0.closeListener() }
  }

  public func acceptNew() throws(StackFailure) {
    var failed = false
    change { state in
      if state.listener < 0 { state.listener = Socket.listen(onPort: port) ?? -1 }
      failed = state.listener < 0
    }
    if failed { throw StackFailure(at: "proxy", "cannot listen on port \(port) again (\(lastError()))") }
  }

  /// Later connections go there; running ones stay where they are.
  public func retarget(to host: String, port: Int) {
    change { $0.upstream = (host, port) }
  }

  // What happened

  /// How many connections were ever accepted; the newest one has this number.
  public var accepted: Int { state.withLock { $0.accepted } }
  public var open: Int { state.withLock { $0.connections.count } }
  public var traffic: Traffic { state.withLock { $0.total } }
  /// Whether some connection was sent `text` in this direction and it has not been forwarded yet.
  public func holds(_ text: String, _ direction: Direction) -> Bool {
    state.withLock { $0.connections.contains { $0.flows[direction]?.holds(Array(text.utf8)) == true } }
  }
  /// Of one connection, also after its end; only the last 1,000 ended ones are remembered.
  public func traffic(of connection: Int) -> Traffic? { state.withLock { $0.traffic(of: connection) } }

  /// Resets everything and frees the port.
  public func close() {
    change { state in
      state.close()
      Glibc.close(bell.writing)
    }
  }
}
