import Foundation

/// A batch of one record, made byte by byte and produced over a bare socket, so that it may be what no client would send.
///
/// The broker of the laboratory stores what it is given, as a disk that went bad would give it back.
public struct RawBatch: Sendable {
  public enum Flaw: Sendable, CaseIterable {
    case none
    /// One bit of the value is not what it was when the checksum was made.
    case flippedBit
    // The checksum is right, and what it covers is not of the codec that it says.
    case brokenGzip, brokenSnappy, brokenLz4, brokenZstd

    var codec: Int16 {
      switch self {
      case .none, .flippedBit: 0
      case .brokenGzip: 1
      case .brokenSnappy: 2
      case .brokenLz4: 3
      case .brokenZstd: 4
      }
    }
  }

  public var value: String
  public var flaw: Flaw

  public init(_ value: String, _ flaw: Flaw) {
    self.value = value
    self.flaw = flaw
  }

  /// A message of the format before batches, magic 1, which may stand behind a batch.
  public struct OldMessage: Sendable {
    public var value: String
    /// One bit of the checksum is not what it was.
    public var isFlipped: Bool

    public init(_ value: String, isFlipped: Bool) {
      self.value = value
      self.isFlipped = isFlipped
    }
  }

  /// Produces it to a broker that leads the partition; returns its offset.
  ///
  /// The broker of the laboratory takes what comes in one produce for one batch and gives it back in one answer. It knows no old
  /// messages by themselves, so they come `behind` a batch, at the offsets that follow from `end`, where the log ends before it.
  @discardableResult
  public func produce(
    to broker: String, topic: String, partition: Int32, behind: [OldMessage] = [], end: Int64 = 0
  ) throws(StackFailure) -> Int64 {
    let place = "produce \(topic)[\(partition)]"
    let parts = broker.split(separator: ":")
    guard parts.count == 2, let port = Int(parts[1]), let socket = Socket.connect(to: String(parts[0]), port: port)
    else { throw StackFailure(at: place, "cannot connect to '\(broker)'") }
    defer { close(socket) }
    var request = Bytes()
    request.add(Int16(0), Int16(3), Int32(7))
    request.add(text: "raw")
    // No transaction; acknowledged by the leader; within five seconds; one topic with one partition.
    request.add(Int16(-1), Int16(1), Int32(5_000), Int32(1))
    request.add(text: topic)
    request.add(Int32(1), partition)
    var batch = bytes(records: Int32(1 + behind.count))
    for (place, message) in behind.enumerated() { batch += Self.bytes(of: message, at: end + 1 + Int64(place)) }
    request.add(Int32(batch.count))
    var message = Bytes()
    message.add(Int32(request.bytes.count + batch.count))
    try exchange(socket, message.bytes + request.bytes + batch, place)
    let length = try Self.read(socket, 4, place).reduce(0) { $0 << 8 | Int($1) }
    let answer = try Self.read(socket, length, place)
    // Correlation, one topic, its name, one partition, its number; then the error and the offset.
    let start = 4 + 4 + 2 + topic.utf8.count + 4 + 4
    let error = answer[start..<start + 2].reduce(Int16(0)) { $0 << 8 | Int16($1) }
    guard error == 0 else { throw StackFailure(at: place, "the broker refused it (\(error))") }
    return Int64(bitPattern: answer[start + 2..<start + 10].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  private func exchange(_ socket: Int32, _ bytes: [UInt8], _ place: String) throws(StackFailure) {
    var polled = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
    _ = unsafe poll(&polled, 1, 5_000)
    guard unsafe send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      throw StackFailure(at: place, "cannot send (\(lastError()))")
    }
  }

  private static func read(_ socket: Int32, _ count: Int, _ place: String) throws(StackFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      var polled = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      var chunk = [UInt8](repeating: 0, count: count - bytes.count)
      guard unsafe poll(&polled, 1, 10_000) > 0 else { throw StackFailure(at: place, "no answer") }
      let got = unsafe recv(socket, &chunk, chunk.count, 0)
      guard got > 0 else { throw StackFailure(at: place, "the answer was cut (\(lastError()))") }
      bytes += chunk[..<got]
    }
    return bytes
  }

  /// The batch as the protocol has it, magic 2.
  private func bytes(records count: Int32) -> [UInt8] {
    var record = Bytes()
    record.bytes = [0, 0, 0]
    record.add(variable: -1)
    record.add(variable: value.utf8.count)
    record.bytes += Array(value.utf8)
    record.bytes.append(0)
    var records = Bytes()
    records.add(variable: record.bytes.count)
    records.bytes += record.bytes

    var body = Bytes()
    let now = Int64(Date().timeIntervalSince1970 * 1_000)
    body.add(flaw.codec, Int32(0), now, now, Int64(-1), Int16(-1), Int32(-1), count)
    body.bytes += records.bytes
    let checksum = Self.checksum(body.bytes, .castagnoli)
    if flaw == .flippedBit { body.bytes[body.bytes.count - 2] ^= 1 }
    var batch = Bytes()
    batch.add(Int64(0), Int32(body.bytes.count + 9), Int32(-1))
    batch.bytes.append(2)
    batch.add(checksum)
    return batch.bytes + body.bytes
  }

  private static func bytes(of message: OldMessage, at offset: Int64) -> [UInt8] {
    var body = Bytes()
    body.bytes = [1, 0]
    body.add(Int64(Date().timeIntervalSince1970 * 1_000), Int32(-1), Int32(message.value.utf8.count))
    body.bytes += Array(message.value.utf8)
    var whole = Bytes()
    whole.add(offset, Int32(body.bytes.count + 4), checksum(body.bytes, .ieee) ^ (message.isFlipped ? 1 : 0))
    return whole.bytes + body.bytes
  }

  private enum Polynomial: UInt32 {
    case ieee = 0xEDB8_8320
    case castagnoli = 0x82F6_3B78
  }

  /// Bit by bit.
  private static func checksum(_ bytes: [UInt8], _ polynomial: Polynomial) -> UInt32 {
    var sum: UInt32 = .max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ polynomial.rawValue : sum >> 1 }
    }
    return ~sum
  }

  private struct Bytes {
    var bytes: [UInt8] = []

    mutating func add(_ words: any FixedWidthInteger...) {
      for word in words {
        for shift in stride(from: word.bitWidth - 8, through: 0, by: -8) {
          bytes.append(UInt8(truncatingIfNeeded: Int64(word) >> Int64(shift)))
        }
      }
    }

    mutating func add(text: String) {
      add(Int16(text.utf8.count))
      bytes += Array(text.utf8)
    }

    /// Zigzag, seven bits a byte, the lowest first.
    mutating func add(variable value: Int) {
      var rest = UInt64(bitPattern: Int64(value << 1 ^ value >> 63))
      while rest > 0x7F {
        bytes.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
  }
}
