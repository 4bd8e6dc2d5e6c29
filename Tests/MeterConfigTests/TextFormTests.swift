import MeterModel
import Testing

@testable import MeterConfig

@Suite struct TextFormTests {
  @Test(arguments: [
    ("0s", 0), ("250ms", 250), ("1s", 1000), ("90s", 90_000), ("10m", 600_000), ("24h", 86_400_000),
    ("36h", 129_600_000), ("48h", 172_800_000), ("35d", 3_024_000_000),
  ])
  func `a duration reads as a whole number with a unit`(_ text: String, _ milliseconds: Int64) throws {
    let span = try #require(TimeSpan(text: text))
    #expect(span == .milliseconds(milliseconds))
    #expect(TimeSpan(text: span.text) == span)
  }

  @Test func `a duration is written in the largest unit that fits`() {
    #expect(TimeSpan.hours(24).text == "24h")
    #expect(TimeSpan.hours(48).text == "2d")
    #expect(TimeSpan.seconds(90).text == "90s")
    #expect(TimeSpan.seconds(0).text == "0s")
    #expect(TimeSpan.milliseconds(1500).text == "1500ms")
  }

  @Test(arguments: [
    "", "s", "1", "1 s", " 1s", "1s ", "+1s", "-1s", "1.5s", "1S", "1us", "1ns", "1w", "1m30s", "1_0s", "0x1s", "١s",
  ])
  func `anything else is no duration`(_ text: String) {
    #expect(TimeSpan(text: text) == nil)
  }

  @Test(arguments: [("0B", 0), ("512B", 512), ("64KiB", 65_536), ("64MiB", 67_108_864), ("4GiB", 4_294_967_296)])
  func `a size reads as a whole number with a unit and is written the same`(_ text: String, _ bytes: Int) throws {
    let size = try #require(ByteSize(text: text))
    #expect(size.bytes == bytes)
    #expect(size.text == text)
  }

  @Test(arguments: ["", "1", "MiB", "1MB", "1mib", "1 MiB", "1.5GiB", "-1B", "1TiB", "9999999999999GiB"])
  func `anything else is no size`(_ text: String) {
    #expect(ByteSize(text: text) == nil)
  }

  @Test(arguments: [
    ("flush.intervl", "flush.interval"), ("flush.intevral", "flush.interval"), ("lane", "lanes"), ("loggg", nil),
    ("xyz", nil), ("", nil), ("lanes", "lanes"),
  ])
  func `the nearest name is offered only when it is near`(_ word: String, _ name: String?) {
    #expect(nearestName(to: word, among: ["flush.interval", "lanes", "log"]) == name)
  }

  @Test func `a very long word has no nearest name`() {
    #expect(nearestName(to: String(repeating: "a", count: 100_000), among: ["lanes"]) == nil)
  }
}
