import Testing

@testable import FuzzTargets

@Suite struct FrameTests {
  private static let limit = 1 << 20

  @Test func `what a frame becomes does not depend on the frames before it`() throws {
    // It reaches further back than its window, which is no frame by the format.
    let far = try #require(try Corpus.files(.zstd).first { $0.name == "far-match" }).bytes
    // A ring large enough for this one is one in which the other finds what it reaches for.
    let wide = ReferenceFrame.compress((0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) })
    let alone = try FrameCheck.outcomes([far], limit: Self.limit)
    let after = try FrameCheck.outcomes([wide, far], limit: Self.limit)
    #expect(alone[0] == after[1])
  }
}
