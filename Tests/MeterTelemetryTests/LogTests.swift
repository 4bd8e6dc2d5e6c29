import Synchronization
import Testing

@testable import MeterTelemetry

/// A clock that stands until it is moved.
final class StillClock: Sendable {
  private let nanoseconds: Atomic<Int64>

  init(_ nanoseconds: Int64) { self.nanoseconds = Atomic(nanoseconds) }

  var now: Int64 { nanoseconds.load(ordering: .relaxed) }

  func move(milliseconds: Int64) { nanoseconds.add(milliseconds * 1_000_000, ordering: .relaxed) }
}

@Suite struct LogTests {
  let memory = LogMemory()
  /// 2026-11-21T07:28:03.123Z
  let clock = StillClock(1_795_246_083_123_999_999)

  func log(_ level: LogLevel = .info, _ format: LogFormat = .json) -> Log {
    Log(level: level, format: format, sink: memory, clock: { [clock] in clock.now })
  }

  @Test func `a line is one JSON object with time, level, message and fields in order`() {
    log().info("flush committed", ["partition": 3, "seconds": 0.25, "topic": "usage.events", "last": true])
    #expect(
      memory.lines == [
        #"{"ts":"2026-11-21T07:28:03.123Z","level":"info","msg":"flush committed","partition":3,"seconds":0.25,"#
          + #""topic":"usage.events","last":true}"#
      ])
  }

  @Test func `a control character never reaches the terminal`() {
    log().info("x", ["v": .string("a\u{0}\n\r\t\u{1b}[31m\u{7f}\u{85}\u{9b}\u{2028}\u{2029}\"\\é😀")])
    #expect(
      memory.lines[0].hasSuffix(
        #""v":"a\u0000\n\r\t\u001b[31m\u007f\u0085\u009b\u2028\u2029\"\\é😀"}"#))
  }

  @Test func `infinity and not-a-number are null`() {
    log().info("x", ["a": .seconds(.infinity), "b": .seconds(.nan), "c": .seconds(-1e-9)])
    #expect(memory.lines[0].hasSuffix(#""a":null,"b":null,"c":-1e-09}"#))
  }

  @Test func `a level below the threshold makes neither message nor fields`() {
    var made = 0
    func message() -> String {
      made += 1
      return "m"
    }
    let log = log(.warn)
    log.info(message(), ["n": .int(made)])
    log.debug(message())
    #expect(made == 0)
    #expect(memory.lines.isEmpty)
    log.error(message())
    #expect(made == 1)
  }

  @Test func `changing the level counts at once for children too`() {
    let log = log(.info)
    let child = log.with(["partition": 3])
    child.debug("one")
    log.level = .debug
    child.debug("two")
    #expect(child.level == .debug)
    #expect(memory.lines.map { $0.contains("two") } == [true])
  }

  @Test func `a child's fields come first and a line's own value wins`() {
    let log = log().with(["topic": "t", "partition": 3]).with(["epoch": 9])
    log.info("x", ["partition": 4, "msg": "mine"])
    #expect(memory.lines[0].hasSuffix(#""msg":"x","topic":"t","partition":4,"epoch":9,"msg_":"mine"}"#))
  }

  @Test func `the text format is for people and still one line`() {
    log(.info, .text).warn("it's late", ["lag": 1.5, "who": .string("a b\n"), "n": 7, "empty": ""])
    #expect(
      memory.lines == [#"2026-11-21T07:28:03.123Z warn  it's late lag=1.5s who="a b\n" n=7 empty="""#])
  }

  @Test func `of a message that repeats ten a second are written and the rest are counted`() {
    let log = log()
    for _ in 0..<37 { log.warn("broker away") }
    log.info("something else")
    #expect(memory.lines.count == 11)
    clock.move(milliseconds: 1000)
    log.warn("broker away")
    #expect(memory.lines.last?.hasSuffix(#""suppressed":27}"#) == true)
    #expect(memory.lines.count == 12)
  }

  @Test func `a message that fell silent still tells how often it was held back`() {
    let log = log()
    for _ in 0..<15 { log.warn("broker away") }
    clock.move(milliseconds: 2000)
    log.info("something else")
    #expect(memory.lines.suffix(2).map { $0.contains(#""msg":"broker away","suppressed":5"#) } == [true, false])
    for _ in 0..<15 { log.warn("again") }
    log.drain()
    #expect(memory.lines.last?.contains(#""msg":"again","suppressed":5"#) == true)
  }

  @Test func `a clock set back silences nothing`() {
    let log = log()
    for _ in 0..<20 { log.warn("broker away") }
    clock.move(milliseconds: -3_600_000)
    log.warn("broker away")
    #expect(memory.lines.last?.contains(#""suppressed":10"#) == true)
  }

  @Test func `ten thousand different messages stay bounded in memory`() {
    let log = log()
    for n in 0..<10_000 { log.info("message \(n)") }
    log.drain()
    #expect(memory.lines.count == LogRepeats.messagesMax + 10 + 1)
  }

  @Test func `a long value is cut and fields beyond the bound are left out`() {
    var fields: LogFields = ["long": .string(String(repeating: "x", count: 100_000))]
    for n in 0..<100 { fields["f\(n)"] = .int(n) }
    log().info("x", fields)
    #expect(memory.lines[0].utf8.count < 3000)
    #expect(memory.lines[0].contains("x…\""))
    #expect(fields.pairs.count == LogFields.countMax)
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
      (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"), (4_107_542_399_999_000_000, "2100-02-28T23:59:59.999Z"),
      (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"), (Int64.max, "2262-04-11T23:47:16.854Z"),
      (Int64.min, "1677-09-21T00:12:43.145Z"),
    ] as [(Int64, String)])
  func `an instant is written as RFC 3339 in UTC`(_ nanoseconds: Int64, _ expected: String) {
    var bytes: [UInt8] = []
    TimeText.append(nanoseconds, to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == expected)
  }
}
