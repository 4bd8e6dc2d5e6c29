import Foundation

/// Values with a content encoding.
extension HostileRecord {
  private static let zstd = [Header("content-encoding", "zstd")]

  /// Counted as an event of the tenant of its name.
  private static func good(_ name: String, _ frame: (String) -> [UInt8]) -> HostileRecord {
    HostileRecord(name, bytes: frame(text(of: name)), headers: zstd, [.counted], rows: [.calls(name)])
  }

  /// What cannot be decompressed is kept as it was received.
  private static func broken(_ name: String, _ frame: (ZstdBytes) -> [UInt8]) -> HostileRecord {
    HostileRecord(name, bytes: frame(ZstdBytes(text(of: name))), headers: zstd, [.refused(.badEncoding)])
  }

  private static func changed(_ change: @escaping (inout ZstdBytes) -> Void) -> (ZstdBytes) -> [UInt8] {
    { frame in
      var frame = frame
      change(&frame)
      return frame.bytes
    }
  }

  private static func ofSize(_ name: String, over: Int) -> [UInt8] {
    let rest = text(of: name, ["x": "\"\""]).utf8.count
    let value = String(repeating: "f", count: sizeMax - rest + over)
    return ZstdBytes(text(of: name, ["x": "\"\(value)\""])).bytes
  }

  /// Made with the zstd program at its level 19.
  private static let made = """
    KLUv/STNVQMAckcXGJA7BwDabkQsx/P4gy/bcXdxcZt50t0xBFH0Qa/eHFLXVvb0F9lY21ZqtnZMpmX6kjU/2do69ykkUq/ea4sh8tOPQ5fi9N\
    P56rtgTPjpzD09AISrI4ljuMtahQ8FAwDJ5jAGG/Ba8GCjheA=
    """

  static let frames: [HostileRecord] = [
    good("a frame that says its size") { ZstdBytes($0).bytes },
    good("a frame that says no size") { text in
      var frame = ZstdBytes(text)
      frame.statedBytes = nil
      return frame.bytes
    },
    good("a frame of many blocks, some empty") { text in
      var frame = ZstdBytes(text)
      frame.blocks = [.raw([])] + text.utf8.map { .raw([$0]) } + [.repeated(0x20, 3), .raw([])]
      frame.statedBytes = text.utf8.count + 3
      return frame.bytes
    },
    HostileRecord(
      "a frame that zstd made, with a checksum", bytes: Array(Data(base64Encoded: made)!), headers: zstd, [.counted],
      rows: [.calls("a frame that zstd made, with a checksum")]),
    HostileRecord(
      "a frame that zstd made, one bit of its checksum changed",
      bytes: { (bytes: [UInt8]) in bytes.dropLast() + [bytes.last! ^ 1] }(Array(Data(base64Encoded: made)!)),
      headers: zstd,
      [.refused(.badEncoding)]),
    broken("a wrong checksum", changed { $0.checksum = [1, 2, 3, 4] }),
    broken("a checksum cut short", changed { $0.checksum = [1, 2] }),
    broken("a dictionary that nobody has", changed { $0.dictionary = 7 }),
    broken("a frame that says one byte more", changed { $0.statedBytes! += 1 }),
    broken("a frame that says one byte less", changed { $0.statedBytes! -= 1 }),
    broken("a frame that says nothing is in it", changed { $0.statedBytes = 0 }),
    broken(
      "a frame that says one byte more and ends in an empty block",
      changed { frame in
        frame.statedBytes! += 1
        frame.blocks.append(.raw([]))
      }),
    broken("a frame without its last byte") { $0.bytes.dropLast() },
    broken("half a frame") { Array($0.bytes[..<($0.bytes.count / 2)]) },
    broken("the beginning of a frame") { _ in ZstdBytes.magic },
    broken("a frame that never says it is at its end", changed { $0.blocks = [$0.blocks[0], .raw([]), .raw([])] })
      .withLastBlockOpen(),
    broken("two frames") { $0.bytes + $0.bytes },
    broken("a frame and an empty one") { $0.bytes + ZstdBytes("").bytes },
    broken("a byte behind the frame") { $0.bytes + [0] },
    broken("a line feed behind the frame") { $0.bytes + [10] },
    broken("a skippable frame before it") { ZstdBytes.skippable([1, 2, 3]) + $0.bytes },
    broken("a skippable frame behind it") { $0.bytes + ZstdBytes.skippable([]) },
    broken("a skippable frame alone") { _ in ZstdBytes.skippable(Array("{}".utf8)) },
    broken("a frame of zstd 0.7") { [0x27] + $0.bytes.dropFirst() },
    broken("a reserved bit", { frame in frame.bytes.enumerated().map { $0 == 4 ? $1 | 0x08 : $1 } }),
    broken("a value that is not compressed at all") { _ in Array(text(of: "x").utf8) },
    broken("gzip under the name of zstd") { _ in [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
    broken("no bytes under the name of zstd") { _ in [] },
    // The content is what is kept once there is one.
    HostileRecord(
      "an empty frame", bytes: ZstdBytes("").bytes, headers: zstd, [.quarantined(.notJSON, payload: [])]),
    HostileRecord(
      "a frame of what is no JSON", bytes: ZstdBytes("{\t\\.").bytes, headers: zstd,
      [.quarantined(.notJSON, payload: Array("{\t\\.".utf8))]),
    HostileRecord(
      "a frame of what is no text", bytes: ZstdBytes([0x7B, 0xFF]).bytes, headers: zstd,
      [.quarantined(.badEncoding, payload: [0x7B, 0xFF])]),
    HostileRecord(
      "a frame inside a frame", bytes: ZstdBytes(ZstdBytes("{}").bytes).bytes, headers: zstd,
      [.quarantined(.badEncoding, payload: ZstdBytes("{}").bytes)]),
    // The decoder's word: a record without a value has no frame to open.
    HostileRecord("a tombstone under the name of zstd", bytes: nil, headers: zstd, [.refused(.notJSON)]),
    good("as large as may be, compressed") { _ in ofSize("as large as may be, compressed", over: 0) },
    HostileRecord(
      "one byte too large, compressed", bytes: ofSize("one byte too large, compressed", over: 1), headers: zstd,
      [.refused(.tooLarge)]),
    HostileRecord(
      "a bomb of 1 GiB", bytes: ZstdBytes(repeating: 0x20, count: 1 << 30).bytes, headers: zstd, [.refused(.tooLarge)]),
    HostileRecord(
      "a small bomb", bytes: ZstdBytes(repeating: 0x20, count: sizeMax + 1).bytes, headers: zstd, [.refused(.tooLarge)]),
    good("a window of 1 MiB") { windowed($0, 20) },
    // Readers should take windows of 8 MiB (RFC 8878, 3.1.1.1.2), and writers that stream use them for the smallest content.
    good("a window of 2 MiB") { windowed($0, 21) },
    good("a window of 8 MiB") { windowed($0, 23) },
  ]

  private static func windowed(_ text: String, _ windowLog: Int) -> [UInt8] {
    var frame = ZstdBytes(text)
    frame.statedBytes = nil
    frame.windowLog = windowLog
    return frame.bytes
  }

  /// Takes the mark of the last block away; the last one here is an empty one of three bytes.
  private func withLastBlockOpen() -> HostileRecord {
    var record = self
    if let value { record.value = value.dropLast(3) + [0, 0, 0] }
    return record
  }

  private static let unknown: [(String, String)] = [
    ("gzip", "gzip"), ("identity", "identity"), ("ZSTD", "ZSTD"), ("zstd and a blank", "zstd "),
    ("two of them", "zstd, zstd"), ("none", ""),
  ]

  static let contentEncodings: [HostileRecord] =
    unknown.map { kind, encoding in
      HostileRecord(
        "the content encoding \(kind)", bytes: ZstdBytes(text(of: "x")).bytes,
        headers: [Header("content-encoding", encoding)],
        [.refused(.badEncoding)])
    } + [
      HostileRecord(
        "a content encoding that is not text", bytes: Array(text(of: "x").utf8),
        headers: [Header("content-encoding", bytes: [0xFF])], [.refused(.badEncoding)]),
      HostileRecord(
        "the content encoding twice", bytes: ZstdBytes(text(of: "x")).bytes, headers: zstd + zstd,
        [.refused(.badEncoding)]),
      // The decoder's word: a header without a value is absent.
      HostileRecord(
        "a content encoding without a value", bytes: Array(text(of: "a content encoding without a value").utf8),
        headers: [Header("content-encoding", bytes: nil)], [.counted],
        rows: [.calls("a content encoding without a value")]),
      HostileRecord(
        "an upper-case Content-Encoding is another header",
        bytes: Array(text(of: "an upper-case Content-Encoding is another header").utf8),
        headers: [Header("Content-Encoding", "gzip")], [.counted],
        rows: [.calls("an upper-case Content-Encoding is another header")]),
    ]
}
