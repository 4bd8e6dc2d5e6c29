import MeterModel

/// How far the clocks of a zone are from UTC, and when they change; read from the bytes of a file as the system's zone database has them.
///
/// Seconds are counted from 1970 without leap seconds; local seconds are what such a count would be if the local clock showed UTC.
public struct TimeZoneTable: Sendable, Equatable {
  /// Instants from which another offset holds, in order, and that offset.
  private let changes: [Int64]
  private let offsets: [Int]
  private let firstOffset: Int

  /// Behind this year nobody is billed.
  private static let lastYear = 2_262
  /// No two changes of which both matter to one local time are further apart.
  private static let reach: Int64 = 2 * 86_400

  public static let utc = TimeZoneTable(changes: [], offsets: [], firstOffset: 0)

  private init(changes: [Int64], offsets: [Int], firstOffset: Int) {
    self.changes = changes
    self.offsets = offsets
    self.firstOffset = firstOffset
  }

  /// From a TZif file of version 2 or later; nil for what is none.
  public init?(_ file: [UInt8]) {
    guard let first = Block(file, at: 0, timeBytes: 4), first.version >= UInt8(ascii: "2"),
      let block = Block(file, at: first.end, timeBytes: 8), let body = block.body(file)
    else { return nil }
    // Between two line feeds; empty where nothing is known of later years.
    let footer = file[block.end...]
    guard footer.first == 10, let last = footer.dropFirst().firstIndex(of: 10) else { return nil }
    let text = Array(footer[(block.end + 1)..<last])
    var (changes, offsets) = (body.changes, body.offsets)
    if !text.isEmpty {
      guard let rule = ZoneRule(text) else { return nil }
      let known = changes.last ?? .min
      let firstYear = changes.last.map { CivilDate(daysSince1970: Int($0 / 86_400)).year } ?? 1970
      for year in firstYear..<(Self.lastYear + 1) {
        for change in rule.changes(in: year) where change.at > known {
          changes.append(change.at)
          offsets.append(change.offset)
        }
      }
    }
    self.init(changes: changes, offsets: offsets, firstOffset: body.firstOffset)
  }

  /// Seconds east of Greenwich.
  public func offset(at seconds: Int64) -> Int {
    let index = firstChange(after: seconds)
    return index == 0 ? firstOffset : offsets[index - 1]
  }

  public func local(_ seconds: Int64) -> Int64 { seconds + Int64(offset(at: seconds)) }

  /// When the local clock shows this: the first time if it does so twice, and as much later as it was put forward if it never does.
  public func seconds(atLocal local: Int64) -> Int64 {
    var index = firstChange(after: local - Self.reach)
    var offset = index == 0 ? firstOffset : offsets[index - 1]
    while true {
      let candidate = local - Int64(offset)
      // The clock as it was before the next change shows it in time, or had to go on to show it.
      guard index < changes.count, candidate >= changes[index] else { return candidate }
      let next = offsets[index]
      if local - Int64(next) < changes[index] { return candidate }
      offset = next
      index += 1
    }
  }

  private func firstChange(after seconds: Int64) -> Int {
    var (low, high) = (0, changes.count)
    while low < high {
      let middle = (low + high) / 2
      if changes[middle] <= seconds { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// One of the two blocks of a file: the second has the same again with longer times.
  private struct Block {
    let version: UInt8
    private let timeBytes: Int
    private let begin: Int
    private let timeCount: Int
    private let typeCount: Int
    let end: Int

    init?(_ file: [UInt8], at start: Int, timeBytes: Int) {
      guard start + 44 <= file.count, Array(file[start..<start + 4]) == Array("TZif".utf8) else { return nil }
      version = file[start + 4]
      func count(_ index: Int) -> Int { Int(Self.integer(file, start + 20 + 4 * index, 4)) }
      let counts = (0..<6).map { count($0) }
      // A file of the system is some kilobytes; these are bounds against nonsense.
      guard counts.allSatisfy({ $0 >= 0 && $0 < 1 << 16 }), counts[4] > 0 else { return nil }
      (timeCount, typeCount) = (counts[3], counts[4])
      self.timeBytes = timeBytes
      begin = start + 44
      end =
        begin + timeCount * timeBytes + timeCount + typeCount * 6 + counts[5] + counts[2] * (timeBytes + 4) + counts[1]
        + counts[0]
      guard end <= file.count else { return nil }
    }

    func body(_ file: [UInt8]) -> (changes: [Int64], offsets: [Int], firstOffset: Int)? {
      let types = begin + timeCount * timeBytes + timeCount
      func offset(_ type: Int) -> Int? {
        type < typeCount ? Int(Self.integer(file, types + 6 * type, 4)) : nil
      }
      var changes: [Int64] = []
      var offsets: [Int] = []
      for index in 0..<timeCount {
        let at = Self.integer(file, begin + index * timeBytes, timeBytes)
        guard let value = offset(Int(file[begin + timeCount * timeBytes + index])),
          changes.last.map({ $0 < at }) ?? true
        else { return nil }
        changes.append(at)
        offsets.append(value)
      }
      guard let first = offset(0) else { return nil }
      return (changes, offsets, first)
    }

    private static func integer(_ file: [UInt8], _ at: Int, _ bytes: Int) -> Int64 {
      let word = file[at..<at + bytes].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return bytes == 8 ? Int64(bitPattern: word) : Int64(Int32(truncatingIfNeeded: word))
    }
  }
}
