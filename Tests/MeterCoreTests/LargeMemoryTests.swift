import CTable
import TestDice
import Testing

@testable import MeterCore

@Suite struct LargeMemoryTests {
  @Test(arguments: [1, 100, 10_000, 300_000])
  func `memory begins at a line of the cache, and at a large page where it is large`(_ count: Int) {
    let memory = unsafe LargeMemory.allocate(UInt64.self, count)
    defer { unsafe memory.deallocate() }
    let place = UInt(bitPattern: memory)
    #expect(place % 64 == 0)
    if count * 8 >= 2 << 20 { #expect(place % (2 << 20) == 0) }
    for at in [0, count - 1] {
      unsafe memory[at] = UInt64(at)
      #expect(unsafe memory[at] == UInt64(at))
    }
  }

  @Test func `tags are told apart at every place`() {
    var dice = Dice(3)
    for _ in 0..<2_000 {
      let tags = (0..<16).map { _ in UInt8(dice.pick([0, 0x80, 0x81, 0xFF, 0x7F])) }
      for tag: UInt8 in [0, 0x80, 0x81, 0xFF] {
        let which = unsafe ctable_which(tags, tag)
        #expect((0..<16).allSatisfy { (which >> UInt32($0) & 1 == 1) == (tags[$0] == tag) })
        #expect(which >> 16 == 0)
      }
    }
  }
}
