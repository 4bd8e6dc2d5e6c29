import MeterModel
import Testing

@Suite struct IdentityPageTests {
  @Test(arguments: [0, 1 << 26, Int64.max - (1 << 26), 1 << 33, 1 << 62])
  func `an entry comes back as it was appended`(_ base: Int64) {
    var page = IdentityPage(generationEndMs: -7, baseOffset: base, baseWindow: -3)
    var entries: [IdentityPage.Entry] = []
    for offset: Int64 in [0, 1, -1, 255, 256, (1 << 25) - 1, -(1 << 25)] {
      for window: Int32 in [0, 1, -1, 32_767, -32_768] {
        for content: UInt32 in [0, 1, 0x1F_FFFF] {
          for voided in [false, true] {
            for fingerprint: UInt64 in [0, 1, .max, 1 << 63] {
              entries.append(
                .init(
                  fingerprint: fingerprint, offset: base + offset, window: window - 3, content: content, voided: voided)
              )
            }
          }
        }
      }
    }
    for entry in entries {
      #expect(page.takes(entry))
      let isTaken = page.append(entry)
      #expect(isTaken)
    }
    #expect(page.count == entries.count)
    #expect(page.bytes.count == entries.count * IdentityPage.entryBytes)
    for index in 0..<page.count { #expect(page[index] == entries[index]) }
    let copy = IdentityPage(generationEndMs: -7, baseOffset: base, baseWindow: -3, bytes: page.bytes)
    #expect(copy == page)
  }

  @Test func `the bytes are little-endian as the table says`() {
    var page = IdentityPage(generationEndMs: 0, baseOffset: 1000, baseWindow: 10)
    _ = page.append(
      .init(fingerprint: 0x0807_0605_0403_0201, offset: 1000 + 0x12_3456, window: 11, content: 0x10_0001, voided: true))
    // 0x123456 | 1 << 26 | 0x100001 << 42 | 1 << 63
    let word: UInt64 = 0x12_3456 | 1 << 26 | 0x10_0001 << 42 | 1 << 63
    #expect(Array(page.bytes[0..<8]) == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(Array(page.bytes[8...]) == (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) })
  }

  @Test(arguments: [
    (Int64(1) << 25, Int32(0)), (-(1 << 25) - 1, 0), (0, 32_768), (0, -32_769), (.max, 0), (0, .max), (0, .min),
  ])
  func `an entry that lies too far from the base is not for the page`(_ offset: Int64, _ window: Int32) {
    var page = IdentityPage(generationEndMs: 0, baseOffset: 0, baseWindow: 0)
    let entry = IdentityPage.Entry(fingerprint: 1, offset: offset, window: window, content: 0, voided: false)
    let isTaken = page.append(entry)
    #expect(!isTaken)
    #expect(!page.takes(entry))
    #expect(page.count == 0)
  }

  @Test func `only 21 bits of a content check are kept`() {
    var page = IdentityPage(generationEndMs: 0, baseOffset: 0, baseWindow: 0)
    _ = page.append(.init(fingerprint: 1, offset: 0, window: 0, content: .max, voided: false))
    #expect(page[0].content == 0x1F_FFFF)
    #expect(!page[0].voided)
  }
}
