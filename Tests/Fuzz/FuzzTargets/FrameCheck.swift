import CLibzstd

@testable import MeterWire

/// A frame opens to what the library makes of it in one call, never to more than the limit, and a failure leaves no trace.
enum FrameCheck {
  private static let limits = [1, 1_000, 70_000]
  private static let kept: [UInt8] = [1, 2, 3]

  static func run(_ bytes: [UInt8]) throws(Contradiction) {
    let whole = ReferenceFrame.content(bytes)
    let made = ReferenceFrame.compress(bytes)
    for limit in limits {
      var frame = ZstdFrame(limit: limit)
      let (outcome, content) = try open(bytes, &frame, limit)
      try compare(outcome, content, whole, bytes, limit)

      // What came before in the same context does not matter, and what was put in comes out.
      let (remade, text) = try open(made, &frame, limit)
      try require((remade == .content) == (bytes.count <= limit), "\(bytes.count) bytes at limit \(limit): \(remade)")
      try require(remade != .content || text == bytes, "\(bytes.count) bytes came out as others")
      let (again, same) = try open(bytes, &frame, limit)
      try require(again == outcome && same == content, "the same frame is \(outcome), then \(again)")
      guard remade == .content else { continue }
      for wrong in [Array(made.dropLast()), made + [0], made + made] {
        try require(try open(wrong, &frame, limit).0 == .broken, "\(wrong.count) of \(made.count) bytes are a frame")
      }
    }
  }

  private static func compare(
    _ outcome: ZstdFrame.Outcome, _ content: [UInt8], _ whole: [UInt8]?, _ bytes: [UInt8], _ limit: Int
  ) throws(Contradiction) {
    switch outcome {
    case .content:
      try require(
        whole == content || ReferenceFrame.isForStreamOnly(bytes),
        "a content of \(content.count) bytes, in one call \(whole?.count ?? -1)")
    case .tooLarge:
      // What comes after the limit is not looked at, so a frame that breaks later may be either.
      try require(whole.map { $0.count > limit } ?? true, "\(whole?.count ?? -1) bytes are too large for \(limit)")
    case .broken:
      try require(
        whole == nil || ReferenceFrame.isForOneCallOnly(bytes) || !ReferenceFrame.opensInPieces(bytes),
        "a frame of \(whole?.count ?? -1) bytes is broken at limit \(limit)")
    }
  }

  /// What each of some frames becomes, opened one after the other by one decoder; nil for what is refused.
  static func outcomes(_ frames: [[UInt8]], limit: Int) throws(Contradiction) -> [[UInt8]?] {
    var frame = ZstdFrame(limit: limit)
    var outcomes: [[UInt8]?] = []
    for bytes in frames {
      let (outcome, content) = try open(bytes, &frame, limit)
      outcomes.append(outcome == .content ? content : nil)
    }
    return outcomes
  }

  private static func open(
    _ bytes: [UInt8], _ frame: inout ZstdFrame, _ limit: Int
  ) throws(Contradiction) -> (ZstdFrame.Outcome, [UInt8]) {
    let arena = [0x28] + bytes + [0xFF]
    var content = kept
    let outcome = frame.open(arena.span, start: 1, length: bytes.count, into: &content)
    try require(content.starts(with: kept), "what stood there before is gone")
    try require(outcome == .content || content == kept, "a failure (\(outcome)) left \(content.count - 3) bytes")
    try require(content.count - kept.count <= limit, "\(content.count - 3) bytes at limit \(limit)")
    return (outcome, Array(content[kept.count...]))
  }
}
