import Foundation
import Testing

@testable import TestStack

@Suite struct ByteProxyTests {
  /// A listener, a proxy before it, and pairs of ends that are connected through it.
  private struct Line {
    let listener: Int32
    let proxy: ByteProxy

    init(holdback: Duration = .milliseconds(50)) throws {
      listener = try #require(Socket.listen(onPort: 0))
      proxy = try ByteProxy(to: "127.0.0.1:\(Socket.port(of: listener))", holdback: holdback)
    }

    func connect() throws -> (client: Int32, server: Int32) {
      let client = try #require(Socket.connect(to: "127.0.0.1", port: proxy.port))
      var server: Int32?
      try eventually("a connection upstream") {
        server = Socket.accept(from: listener)
        return server != nil
      }
      return (client, try #require(server))
    }

    func end() {
      proxy.close()
      close(listener)
    }
  }

  private enum Ending: Equatable { case open, finished, reset }

  private func write(_ text: String, to socket: Int32) {
    let bytes = Array(text.utf8)
    #expect(unsafe send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
  }

  /// Reads until the end, or until nothing came for `quiet`.
  private func read(_ socket: Int32, until count: Int = .max, quiet: Duration = .patience) -> (String, Ending) {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < count {
      var polled = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      if unsafe poll(&polled, 1, Deadline.milliseconds(quiet)) == 0 { break }
      let got = unsafe recv(socket, &chunk, min(chunk.count, count - bytes.count), 0)
      if got == 0 { return (String(decoding: bytes, as: UTF8.self), .finished) }
      if got < 0 && errno != EAGAIN { return (String(decoding: bytes, as: UTF8.self), .reset) }
      if got > 0 { bytes += chunk[..<got] }
    }
    return (String(decoding: bytes, as: UTF8.self), .open)
  }

  private func expect(_ socket: Int32, _ text: String, _ ending: Ending, quiet: Duration = .patience) {
    let (seen, how) = read(socket, quiet: quiet)
    #expect(seen == text)
    #expect(how == ending)
  }

  @Test func `megabytes pass both ways unchanged and are counted`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    for (from, to) in [(client, server), (server, client)] {
      var sent = 0
      var got: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let deadline = Deadline(within: .patience)
      while got.count < bytes.count, !deadline.hasPassed {
        let rest = Array(bytes[sent..<min(bytes.count, sent + 100_000)])
        sent += max(0, unsafe send(from, rest, rest.count, Int32(MSG_NOSIGNAL)))
        let count = unsafe recv(to, &chunk, chunk.count, 0)
        if count > 0 { got += chunk[..<count] }
      }
      #expect(got == bytes)
    }
    #expect(line.proxy.traffic == .init(toServer: bytes.count, toClient: bytes.count))
    #expect(line.proxy.traffic(of: 1) == line.proxy.traffic)
  }

  @Test(arguments: [ByteProxy.Cut.reset, .finish], [0, 1, 5, 10])
  func `a cut towards the server comes after exactly so many bytes`(_ cut: ByteProxy.Cut, _ place: Int) throws {
    let line = try Line()
    defer { line.end() }
    _ = try line.connect()
    let trap = line.proxy.cut(cut, connection: 2, after: place, .toServer)
    let (client, server) = try line.connect()
    if place > 0 { write("0123456789", to: client) }
    expect(server, String("0123456789".prefix(place)), cut == .reset ? .reset : .finished)
    expect(client, "", cut == .reset ? .reset : .finished)
    #expect(trap.hits == 1)
    try eventually("the first connection alone", is: 1) { line.proxy.open }
    #expect(line.proxy.traffic(of: 2)?.toServer == place)
  }

  @Test func `a cut towards the client comes after exactly so many bytes`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    line.proxy.cut(.reset, after: 7, .toClient)
    write("abcd", to: server)
    #expect(read(client, until: 4).0 == "abcd")
    write("efgh", to: server)
    expect(client, "efg", .reset)
    expect(server, "", .reset)
  }

  @Test func `cutting all now ends what runs and nothing that comes later`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    line.proxy.cutAll(.reset)
    expect(client, "", .reset)
    expect(server, "", .reset)
    let (next, nextServer) = try line.connect()
    line.proxy.cutAll(.finish)
    expect(next, "", .finished)
    expect(nextServer, "", .finished)
    _ = try line.connect()
    #expect(line.proxy.accepted == 3)
  }

  @Test func `after a half-close the other way goes on`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    write("last", to: client)
    #expect(read(server, until: 4).0 == "last")
    line.proxy.halfClose(.toServer)
    expect(server, "", .finished)
    write("gone", to: client)
    write("answer", to: server)
    #expect(read(client, until: 6).0 == "answer")
    #expect(line.proxy.traffic == .init(toServer: 4, toClient: 6))
  }

  @Test func `an end of one side reaches the other and lets it finish`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    write("question", to: client)
    shutdown(client, Int32(SHUT_WR))
    expect(server, "question", .finished)
    write("answer", to: server)
    close(server)
    expect(client, "answer", .finished)
    try eventually("no connection", is: 0) { line.proxy.open }
  }

  @Test func `a delay holds each chunk and can be taken back while it holds`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    line.proxy.delay(.toServer, perChunk: .milliseconds(150))
    let start = ContinuousClock.now
    write("late", to: client)
    #expect(read(server, until: 4).0 == "late")
    #expect(start.duration(to: .now) >= .milliseconds(150))
    line.proxy.delay(perChunk: .seconds(60))
    write("soon", to: client)
    expect(server, "", .open, quiet: .milliseconds(100))
    line.proxy.delay(perChunk: .zero)
    #expect(read(server, until: 4).0 == "soon")
  }

  @Test func `a stall holds bytes and ends of old and new connections until it is released`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    line.proxy.stall(.toServer)
    let (other, otherServer) = try line.connect()
    write("held", to: client)
    shutdown(client, Int32(SHUT_WR))
    write("too", to: other)
    write("free", to: server)
    #expect(read(client, until: 4).0 == "free")
    expect(server, "", .open, quiet: .milliseconds(100))
    expect(otherServer, "", .open, quiet: .milliseconds(10))
    line.proxy.release()
    expect(server, "held", .finished)
    #expect(read(otherServer, until: 3).0 == "too")
  }

  @Test func `a stalled sender is held back and the memory stays bounded`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    line.proxy.stall()
    let block = [UInt8](repeating: 120, count: 1 << 20)
    var sent = 0
    var blocked = 0
    while blocked < 20, sent < 64 << 20 {
      let count = unsafe send(client, block, block.count, Int32(MSG_NOSIGNAL))
      if count > 0 { sent += count } else { blocked += 1 }
      Thread.sleep(forTimeInterval: count > 0 ? 0 : 0.01)
    }
    #expect(sent < 64 << 20)
    line.proxy.release()
    var got = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    try eventually("all bytes", is: sent, every: .milliseconds(1)) {
      while case let count = unsafe recv(server, &chunk, chunk.count, 0), count > 0 { got += count }
      return got
    }
  }

  @Test func `refused clients are refused by the kernel until new ones are accepted`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    line.proxy.refuseNew()
    try eventually("a refusal") {
      do {
        _ = try HTTPAnswer.ask("GET", "/", of: line.proxy.address, within: .milliseconds(200))
        return false
      } catch {
        return "\(error)".contains("refused")
      }
    }
    write("still", to: client)
    #expect(read(server, until: 5).0 == "still")
    try line.proxy.acceptNew()
    _ = try line.connect()
  }

  @Test(arguments: 0...8)
  func `a pattern is found however it is cut, and nothing of it is forwarded before`(_ split: Int) throws {
    // The first piece goes on only after the holdback, and no pause of a busy machine between the others may be as long.
    let line = try Line(holdback: .seconds(2))
    defer { line.end() }
    let (client, server) = try line.connect()
    let trap = line.proxy.on(.toClient, containing: "COMMIT\0", do: .cut(.reset))
    let text = "oCCOMMIT\0z"
    write("COM", to: server)
    #expect(read(client, until: 3).0 == "COM")
    write(String(text.prefix(split)), to: server)
    if split > 0 { Thread.sleep(forTimeInterval: 0.01) }
    write(String(text.dropFirst(split)), to: server)
    expect(client, "oC", .reset)
    #expect(trap.hits == 1)
  }

  @Test func `a pattern may pass before its action follows`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    let trap = line.proxy.on(.toServer, containing: "stop", .afterForwarding, do: .cut(.finish))
    write("a st", to: client)
    #expect(read(server, until: 4).0 == "a st")
    write("op and more", to: client)
    expect(server, "op", .finished)
    #expect(trap.hits == 1)
  }

  @Test func `a hook runs between the bytes before and the bytes of its pattern, as often as it is armed`() throws {
    let line = try Line()
    defer { line.end() }
    let (client, server) = try line.connect()
    let counted = line.proxy
    let trap = line.proxy.on(
      .toServer, containing: "x", times: 2, do: .run { counted.delay(.toClient, perChunk: .zero) })
    write("axbxcx", to: client)
    #expect(read(server, until: 6).0 == "axbxcx")
    #expect(trap.hits == 2)
  }

  @Test(arguments: 0...6)
  func `a pattern can go on as other bytes, however it is cut`(_ split: Int) throws {
    let line = try Line(holdback: .seconds(2))
    defer { line.end() }
    let (client, server) = try line.connect()
    let trap = line.proxy.on(.toClient, containing: "port 1", times: .max, do: .replace(Array("port 2".utf8)))
    write("<", to: server)
    #expect(read(client, until: 1).0 == "<")
    write(String("port 1".prefix(split)), to: server)
    if split > 0 { Thread.sleep(forTimeInterval: 0.01) }
    write(String("port 1".dropFirst(split)) + ">port 1, port 3", to: server)
    #expect(read(client, until: 21).0 == "port 2>port 2, port 3")
    #expect(trap.hits == 2)
    // The other way is left alone.
    write("port 1", to: client)
    #expect(read(server, until: 6).0 == "port 1")
  }

  @Test func `a client that ends can be made a reset for the server`() throws {
    let line = try Line()
    defer { line.end() }
    let (plain, plainServer) = try line.connect()
    shutdown(plain, Int32(SHUT_WR))
    expect(plainServer, "", .finished)
    line.proxy.resetWhenClientsEnd()
    let (client, server) = try line.connect()
    write("bye", to: client)
    #expect(read(server, until: 3).0 == "bye")
    shutdown(client, Int32(SHUT_WR))
    expect(server, "", .reset)
  }

  @Test func `the reply to a commit can be cut and the commit has happened`() throws {
    let cluster = try PostgresCluster.shared
    let url = try cluster.createDatabase("commit")
    let direct = try Database(url)
    try direct.execute("CREATE TABLE t (n int)")
    let proxy = try ByteProxy(to: "127.0.0.1:\(cluster.port)")
    defer { proxy.close() }
    let name = url.split(separator: "/").last ?? ""
    let database = try Database("postgresql://postgres@\(proxy.address)/\(name)?sslmode=disable&gssencmode=disable")
    let trap = proxy.on(.toClient, containing: "COMMIT\0", do: .cut(.reset))
    let failure = #expect(throws: StackFailure.self) {
      try database.execute("BEGIN; INSERT INTO t VALUES (1); COMMIT")
    }
    #expect(failure?.problem.contains("lost") == true)
    #expect(trap.hits == 1)
    #expect(try direct.scalar("SELECT count(*) FROM t") == "1")
    #expect(try database.execute("BEGIN; INSERT INTO t VALUES (2); COMMIT") == 0)
    #expect(try direct.scalar("SELECT count(*) FROM t") == "2")
  }
}
