import MeterModel
import Testing

@Suite struct RecordBatchTests {
  private func append(
    _ value: [UInt8]?, _ headers: [([UInt8], [UInt8]?)], at offset: Int64, to batch: inout RecordBatch
  ) {
    if let value {
      unsafe value.withUnsafeBytes { unsafe batch.append(offset: offset, timestampMs: offset * 10, value: $0) }
    } else {
      unsafe batch.append(offset: offset, timestampMs: offset * 10, value: nil)
    }
    for (name, content) in headers {
      unsafe name.withUnsafeBytes { name in
        if let content {
          unsafe content.withUnsafeBytes { unsafe batch.appendHeader(name: name, value: $0) }
        } else {
          unsafe batch.appendHeader(name: name, value: nil)
        }
      }
    }
  }

  private let cases: [(value: [UInt8]?, headers: [([UInt8], [UInt8]?)])] = [
    (nil, []), ([], []), ([0], []), (Array("{}".utf8), []),
    (nil, [(Array("a".utf8), nil)]),
    ([], [([], [])]),
    (Array("12".utf8), [([], nil), (Array("n".utf8), []), (Array("n".utf8), Array(repeating: 255, count: 300))]),
    (Array(repeating: 7, count: 1000), [(Array(repeating: 65, count: 70_000), Array(repeating: 66, count: 66_000))]),
    (Array("end".utf8), []),
  ]

  @Test func `records stand in a stretch that a source filled, behind what was there`() {
    var batch = RecordBatch()
    for _ in 0..<2 {
      append(Array("first".utf8), [], at: 0, to: &batch)
      let range = unsafe batch.fill(upTo: 5_000) { room in
        unsafe room.copyBytes(from: Array("one\ntwo\nth".utf8))
        return 10
      }
      #expect(range == 5..<15)
      batch.append(offset: 1, timestampMs: 7, at: 5..<8)
      batch.append(offset: 2, timestampMs: 8, at: 9..<12)
      batch.close()
      #expect(
        batch.records.map { batch.value(of: $0).map { String(decoding: $0, as: UTF8.self) } } == [
          "first", "one", "two",
        ])
      #expect(batch.records.map(\.timestampMs) == [0, 7, 8])
      #expect(batch.byteCount == 15)
      #expect(batch.arena.count >= 15 + RecordBatch.padding)
      batch.removeAll()
      #expect(batch.isEmpty && batch.byteCount == 0)
    }
  }

  @Test func `values and headers come back as they were put in`() {
    var batch = RecordBatch()
    for round in 0..<2 {
      for (index, one) in cases.enumerated() { append(one.value, one.headers, at: Int64(index + round), to: &batch) }
      batch.close()
      #expect(batch.records.count == cases.count)
      for (index, one) in cases.enumerated() {
        let record = batch.records[index]
        #expect(record.offset == Int64(index + round))
        #expect(record.timestampMs == Int64(index + round) * 10)
        #expect(batch.value(of: record).map(Array.init) == one.value)
        let headers = batch.headers(of: record)
        #expect(headers.map { Array(batch.arena[$0.name]) } == one.headers.map(\.0))
        #expect(headers.map { $0.value.map { Array(batch.arena[$0]) } } == one.headers.map(\.1))
      }
      batch.removeAll()
      #expect(batch.isEmpty && batch.byteCount == 0)
    }
  }

  @Test func `an empty value is there and no value is not`() {
    var batch = RecordBatch()
    unsafe batch.append(offset: 0, timestampMs: 0, value: UnsafeRawBufferPointer(start: nil, count: 0))
    unsafe batch.append(offset: 1, timestampMs: 0, value: nil)
    batch.close()
    #expect(batch.value(of: batch.records[0]).map(Array.init) == [])
    #expect(batch.value(of: batch.records[1]) == nil)
  }

  @Test func `a closed batch ends in padding`() {
    var batch = RecordBatch()
    append([1, 2, 3], [], at: 0, to: &batch)
    batch.close()
    #expect(batch.byteCount == 3)
    #expect(batch.arena.count >= 3 + RecordBatch.padding)
    #expect(batch.arena[3..<3 + RecordBatch.padding].allSatisfy { $0 == 0 })
    // What an earlier use left behind is not read as if it stood there.
    batch.removeAll()
    append([4], [], at: 1, to: &batch)
    batch.close()
    #expect(batch.arena[1..<1 + RecordBatch.padding].allSatisfy { $0 == 0 })
  }
}
