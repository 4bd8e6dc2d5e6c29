import MeterModel
import Testing
import TestDice

@testable import MeterCore

@Suite struct IdentityTableTests {
  private struct Entry {
    var content: UInt32
    var offset: Int64
    var generation: Int64
  }

  /// A fingerprint whose slot is one of few, so that probes run long.
  private static func fingerprint(_ number: Int, crowded: Bool) -> UInt64 {
    crowded ? UInt64(number) << 40 | UInt64(number % 5) : UInt64(number) &* 0x9E37_79B9_7F4A_7C15
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `the table remembers what a dictionary remembers`(_ seed: UInt64) {
    var dice = Dice(seed)
    let window = TimeSpan.milliseconds(dice.pick([16, 1_600, 31, 1_001, 1]))
    let step = max(1, (window.milliseconds + 15) / 16)
    var table = IdentityTable(window: window, cursor: 0)
    var model: [UInt64: Entry] = [:]
    var clock: Int64 = dice.pick([0, noonMs])
    table.advance(toHighWater: clock)
    for offset in 0..<6_000 as Range<Int64> {
      switch dice.below(seed % 2 == 0 ? 60 : 2_000) {
      case 0: clock += step * Int64(1 + dice.below(100))
      case 1: clock += step * Int64(1 + dice.below(17))
      case 2...8: clock += Int64(dice.below(Int(step) + 1))
      case 9: clock += step * dice.pick([16, 17, 32, 47, 48, 63, 64, 65, 80, 128])
      default: break
      }
      table.advance(toHighWater: clock)
      let now = clock / step
      #expect(table.generation == now)
      if offset % 200 == 0 { model = model.filter { $0.value.generation >= now - 16 } }
      let fingerprint = Self.fingerprint(dice.below(900), crowded: seed % 3 == 0)
      let known = model[fingerprint].flatMap { $0.generation >= now - 16 ? $0 : nil }
      let found = table.find(fingerprint)
      if found?.offset != known?.offset || found?.content != known?.content {
        Issue.record("seed \(seed), offset \(offset): \(String(describing: found)) is not \(String(describing: known))")
      }
      guard found == nil else { continue }
      let content = UInt32(truncatingIfNeeded: dice.next()) & 0x1F_FFFF
      let generation = dice.once(in: 4) ? now - Int64(dice.below(17)) : now
      table.insert(
        fingerprint, content: content, offset: offset, voided: dice.once(in: 9),
        generation: max(generation, table.oldest))
      model[fingerprint] = Entry(content: content, offset: offset, generation: max(generation, table.oldest))
    }
    for (fingerprint, entry) in model where entry.generation >= clock / step - 16 {
      #expect(table.find(fingerprint)?.offset == entry.offset)
    }
  }

  @Test(arguments: [1, 15, 16, 17, 31, 1_000, 1_001, 3_600_000, 86_400_000, 86_400_001])
  func `an identity is known for the whole window and at most a sixteenth longer`(_ windowMs: Int64) {
    let window = TimeSpan.milliseconds(windowMs)
    let sixteenth = (windowMs + 15) / 16
    for start in [
      noonMs, noonMs + 1, noonMs + sixteenth - 1, noonMs / sixteenth * sixteenth, noonMs / sixteenth * sixteenth - 1,
    ] {
      for step in [windowMs, max(1, windowMs / 7), max(1, sixteenth)] {
        var table = IdentityTable(window: window, cursor: 0)
        table.advance(toHighWater: start)
        table.insert(5, content: 1, offset: 9, generation: table.generation)
        var clock = start
        while clock < start + windowMs {
          clock = min(clock + step, start + windowMs)
          table.advance(toHighWater: clock)
          #expect(table.find(5) != nil, "\(clock - start) of \(windowMs)")
        }
        table.advance(toHighWater: start + 17 * sixteenth)
        #expect(table.find(5) == nil)
        #expect(table.find(5) == nil)
      }
    }
  }

  @Test func `no age is taken for a younger one, however the generations move`() {
    let steps: [Int64] = [1, 2, 8, 14, 15, 16, 17, 18, 30, 31, 32, 33, 46, 47, 48, 49, 62, 63, 64, 65]
    for first in steps {
      for second in steps {
        var table = IdentityTable(window: .milliseconds(16), cursor: 0)
        var clock = noonMs
        table.advance(toHighWater: clock)
        table.insert(7, content: 1, offset: 1, generation: table.generation)
        for (index, step) in [first, second, first, 1, second].enumerated() {
          clock += step
          table.advance(toHighWater: clock)
          // The first one stays in its slot or not; only its age decides.
          #expect((table.find(7) != nil) == (clock - noonMs <= 16), "\(first), \(second)")
          table.insert(100 + UInt64(index), content: 1, offset: 2, generation: table.generation)
        }
      }
    }
  }

  @Test func `a high water that falls forgets nothing and moves nothing`() {
    var table = IdentityTable(window: .hours(1), cursor: 0)
    table.advance(toHighWater: noonMs)
    table.insert(1, content: 2, offset: 3, generation: table.generation)
    let generation = table.generation
    table.advance(toHighWater: 0)
    table.advance(toHighWater: .min)
    #expect(table.generation == generation)
    #expect(
      table.find(1)
        == IdentityTable.Known(
          content: 2, offset: 3, window: 0, generation: generation, voided: false))
  }

  @Test func `passed identities make room before the table grows`() {
    var table = IdentityTable(window: .milliseconds(16), cursor: 0)
    var clock = noonMs
    for number in 0..<60_000 {
      if number % 20 == 0 { clock += 1 }
      table.advance(toHighWater: clock)
      table.insert(
        Self.fingerprint(number, crowded: false), content: 0, offset: Int64(number), generation: table.generation)
    }
    #expect(table.capacity == 3_072, "340 are remembered at a time")
  }

  @Test func `the table grows to what it remembers`() {
    var table = IdentityTable(window: .hours(24), cursor: 0)
    table.advance(toHighWater: noonMs)
    for number in 0..<50_000 {
      table.insert(
        Self.fingerprint(number, crowded: false), content: 0, offset: Int64(number), generation: table.generation)
    }
    // Segments of 256 buckets of twelve.
    #expect(table.capacity % 3_072 == 0 && (18...32).contains(table.capacity / 3_072))
    for number in 0..<50_000 { #expect(table.find(Self.fingerprint(number, crowded: false))?.offset == Int64(number)) }
    for number in 50_000..<60_000 { #expect(table.find(Self.fingerprint(number, crowded: false)) == nil) }
  }

  @Test(arguments: [0, 24, 30] as [UInt64])
  func `fingerprints that no bit tells apart find room, and cost no more than room`(shift: UInt64) {
    var table = IdentityTable(window: .hours(1), cursor: 0)
    // The bits by which segments are told apart are alike: all of them, or but for a few.
    let fingerprints = (0..<20_000 as Range<UInt64>).map { $0 << 56 | ($0 >> 8) << 4 | ($0 & 3) << shift }
    for (offset, fingerprint) in fingerprints.enumerated() {
      table.insert(fingerprint, content: 0, offset: Int64(offset), generation: 0)
    }
    for (offset, fingerprint) in fingerprints.enumerated() {
      #expect(table.find(fingerprint)?.offset == Int64(offset))
    }
    #expect(table.find(1 << 48) == nil)
    #expect(table.capacity <= 20_000 * 8, "\(table.capacity)")
    for number in 0..<40_000 {
      table.insert(
        Self.fingerprint(number + 1, crowded: false), content: 0, offset: Int64(number), generation: 0)
    }
    for number in 0..<40_000 {
      #expect(table.find(Self.fingerprint(number + 1, crowded: false))?.offset == Int64(number))
    }
    #expect(table.count == 60_000)
  }

  @Test func `a small table is small, and none holds more than its identities need`() {
    var table = IdentityTable(window: .hours(24), cursor: 0)
    #expect(table.bytes <= 66_000)
    for number in 1...200_000 {
      table.insert(Self.fingerprint(number, crowded: false), content: 0, offset: Int64(number), generation: 0)
      guard number.isMultiple(of: 1_000) else { continue }
      #expect(table.count == number)
      #expect(table.bytes <= 48 * number + 66_000, "\(table.bytes) for \(number)")
    }
  }

  @Test func `fingerprints of all bits and of none are remembered, with every mark`() {
    for fingerprint in [0, 1, .max, 1 << 63] as [UInt64] {
      var table = IdentityTable(window: .hours(1), cursor: 1 << 62)
      table.insert(fingerprint, content: 0x1F_FFFF, offset: 1 << 62, voided: true, generation: 0)
      #expect(
        table.find(fingerprint)
          == IdentityTable.Known(
            content: 0x1F_FFFF, offset: 1 << 62, window: 0, generation: 0, voided: true))
      #expect(table.find(fingerprint ^ 2) == nil)
    }
  }

  @Test func `offsets far from the first keep their first offset`() {
    var table = IdentityTable(window: .hours(1), cursor: 0)
    let offsets: [Int64] = [0, 1, (1 << 33) - 2, 1 << 33, (1 << 33) + 5, 3 << 33]
    for (index, offset) in offsets.enumerated() {
      table.insert(UInt64(index + 1), content: 0, offset: offset, generation: 0)
      #expect(table.find(UInt64(index + 1))?.offset == offset)
    }
    #expect(table.find(6)?.offset == offsets[5])
    for number in 0..<5_000 as Range<UInt64> {
      table.insert(number << 20 | 77, content: 0, offset: 3 << 33, generation: 0)
    }
    #expect(table.find(6)?.offset == offsets[5])
  }
}
