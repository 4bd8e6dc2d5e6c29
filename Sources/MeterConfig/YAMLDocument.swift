import MeterModel

/// One YAML file as a tree, in the small and predictable part of YAML that people mean.
///
/// It gives up anchors, aliases, tags, merge keys and several documents in a file: each makes a file mean something
/// that is not written where one reads it, and an alias can grow a kilobyte into a gigabyte. A file that is not sound
/// YAML is refused before its meaning is looked at.
public struct YAMLDocument: Sendable {
  /// What a file is for decides how large it may be, how its faults are headed and with which status they end a
  /// program.
  public enum Purpose: Sendable {
    case configuration
    case catalog

    var label: String {
      switch self {
      case .configuration: "config"
      case .catalog: "catalog"
      }
    }

    var status: ExitStatus {
      switch self {
      case .configuration: .configuration
      case .catalog: .input
      }
    }

    public var bytesMax: Int {
      switch self {
      case .configuration: 1 << 20
      case .catalog: 64 << 20
      }
    }

    /// Reading 3.9 million nodes peaks at 200 MB as one list, 380 MB as mappings; a configuration needs a hundred.
    public var nodesMax: Int {
      switch self {
      case .configuration: 20_000
      case .catalog: 4_000_000
      }
    }
  }

  public static let depthMax = 64

  /// The name that messages show: the one the person gave.
  public let file: String
  public let purpose: Purpose
  /// Nil for a file that holds nothing but blanks and comments.
  public let root: YAMLNode?

  public init(_ bytes: [UInt8], file: String, purpose: Purpose) throws(Complaint) {
    self.file = file
    self.purpose = purpose
    var composer = YAMLComposer(file: file, purpose: purpose)
    root = try composer.compose(bytes)
  }

  /// Reads and parses the file at `path`, which is also the name that messages show.
  public init(path: String, purpose: Purpose) throws(Complaint) {
    let bytes: [UInt8]
    do throws(FileFault) {
      bytes = try readFile(path, bytesMax: purpose.bytesMax)
    } catch {
      throw Complaint(
        purpose.status, at: "\(purpose.label): \(path)", "the file cannot be read (\(error.reason))",
        remedy: "name a readable file")
    }
    try self.init(bytes, file: path, purpose: purpose)
  }

  /// A complaint about the value at `mark`, or about the whole file.
  public func complaint(at mark: YAMLMark?, _ problem: String, remedy: String) -> Complaint {
    Self.complaint(file: file, purpose: purpose, at: mark, problem, remedy: remedy)
  }

  static func complaint(
    file: String, purpose: Purpose, at mark: YAMLMark?, _ problem: String, remedy: String
  )
    -> Complaint
  {
    let place = mark.map { "\(purpose.label): \(file):\($0.line):\($0.column)" } ?? "\(purpose.label): \(file)"
    return Complaint(purpose.status, at: place, problem, remedy: remedy)
  }
}

/// Builds the tree from libyaml's events and enforces the bounds while it grows.
private struct YAMLComposer {
  let file: String
  let purpose: YAMLDocument.Purpose
  var nodes = 0

  mutating func compose(_ bytes: [UInt8]) throws(Complaint) -> YAMLNode? {
    guard bytes.count <= purpose.bytesMax else {
      throw complaint(
        at: nil, "the file is too large (\(bytes.count) bytes; at most \(ByteSize(bytes: purpose.bytesMax).text))",
        remedy: "make it smaller")
    }
    // A byte order mark would count as a column of the first line.
    let source = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    let events: YAMLEvents
    do throws(YAMLFault) { events = try YAMLEvents(source) } catch { throw complaint(about: error, in: source) }

    var root: YAMLNode?
    while true {
      let (event, mark) = try next(events, source)
      switch event {
      case .streamEnd: return root
      case .streamStart, .documentEnd: continue
      case .documentStart(let declaresTags):
        guard !declaresTags else {
          throw complaint(at: mark, "YAML tags are not taken", remedy: "remove the %TAG line")
        }
        guard root == nil else {
          throw complaint(at: mark, "a second document begins here", remedy: "keep one document in a file")
        }
        let (first, firstMark) = try next(events, source)
        root = try node(first, firstMark, depth: 1, events, source)
      default:
        throw complaint(at: mark, "this is not sound YAML", remedy: "correct the line")
      }
    }
  }

  private mutating func node(
    _ event: YAMLEvent, _ mark: YAMLMark, depth: Int, _ events: YAMLEvents, _ source: [UInt8]
  ) throws(Complaint) -> YAMLNode {
    nodes += 1
    guard nodes <= purpose.nodesMax else {
      throw complaint(
        at: mark, "the file has too many values (at most \(purpose.nodesMax))", remedy: "split it or make it smaller")
    }
    guard depth <= YAMLDocument.depthMax else {
      throw complaint(
        at: mark, "the file is nested too deeply (at most \(YAMLDocument.depthMax) levels)", remedy: "nest it less")
    }
    switch event {
    case .scalar(let text, let style, let decoration):
      try refuse(decoration, at: mark)
      return YAMLNode(content: .scalar(text, style), mark: mark)
    case .sequenceStart(let decoration):
      try refuse(decoration, at: mark)
      var items: [YAMLNode] = []
      while true {
        let (inner, innerMark) = try next(events, source)
        if case .sequenceEnd = inner { return YAMLNode(content: .sequence(items), mark: mark) }
        items.append(try node(inner, innerMark, depth: depth + 1, events, source))
      }
    case .mappingStart(let decoration):
      try refuse(decoration, at: mark)
      return YAMLNode(content: .mapping(try pairs(depth: depth, events, source)), mark: mark)
    case .alias:
      throw complaint(at: mark, "YAML aliases are not taken", remedy: "write the value out")
    default:
      throw complaint(at: mark, "this is not sound YAML", remedy: "correct the line")
    }
  }

  private mutating func pairs(
    depth: Int, _ events: YAMLEvents, _ source: [UInt8]
  ) throws(Complaint)
    -> [YAMLNode.Pair]
  {
    var pairs: [YAMLNode.Pair] = []
    // By bytes: Swift's own equality would merge two spellings of one accented letter.
    var seen: [[UInt8]: YAMLMark] = [:]
    while true {
      let (event, mark) = try next(events, source)
      if case .mappingEnd = event { return pairs }
      let name = try node(event, mark, depth: depth + 1, events, source)
      guard case .scalar(let key, _) = name.content else {
        throw complaint(at: mark, "a key is not a single word", remedy: "write keys as plain words")
      }
      if let first = seen.updateValue(mark, forKey: Array(key.utf8)) {
        throw complaint(
          at: mark, "the key \(quoted(key)) comes twice (first in line \(first.line))", remedy: "keep one of them")
      }
      let (inner, innerMark) = try next(events, source)
      let value = try node(inner, innerMark, depth: depth + 1, events, source)
      pairs.append(YAMLNode.Pair(key: key, mark: mark, value: value))
    }
  }

  private func refuse(_ decoration: YAMLEvent.Decoration, at mark: YAMLMark) throws(Complaint) {
    if decoration.hasAnchor {
      throw complaint(at: mark, "YAML anchors are not taken", remedy: "remove the '&' name and write values out")
    }
    if decoration.hasTag {
      throw complaint(at: mark, "YAML tags are not taken", remedy: "remove the '!' tag")
    }
  }

  private func next(_ events: YAMLEvents, _ source: [UInt8]) throws(Complaint) -> (event: YAMLEvent, mark: YAMLMark) {
    do throws(YAMLFault) { return try events.next() } catch { throw complaint(about: error, in: source) }
  }

  private func complaint(about fault: YAMLFault, in source: [UInt8]) -> Complaint {
    let mark = fault.mark ?? fault.offset.map { markOfByte($0, in: source) }
    return complaint(at: mark, "this is not sound YAML (\(fault.problem))", remedy: "correct the line")
  }

  /// The reader's faults come with an offset in bytes only; characters are counted as the bytes that do not continue
  /// one.
  private func markOfByte(_ offset: Int, in source: [UInt8]) -> YAMLMark {
    var mark = YAMLMark(line: 1, column: 1)
    for byte in source.prefix(offset) {
      if byte == 0x0A {
        mark = YAMLMark(line: mark.line + 1, column: 1)
      } else if byte & 0xC0 != 0x80 {
        mark.column += 1
      }
    }
    return mark
  }

  private func complaint(at mark: YAMLMark?, _ problem: String, remedy: String) -> Complaint {
    YAMLDocument.complaint(file: file, purpose: purpose, at: mark, problem, remedy: remedy)
  }
}
