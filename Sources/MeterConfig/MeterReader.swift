import MeterModel

/// Reads one meter of a catalog. Fields are read in the order of the file; what one of them demands of another is
/// looked at after, so that a misspelt field is not reported as a missing one.
struct MeterReader {
  let document: YAMLDocument
  let aggregates: Set<MeterDefinition.Aggregate>

  static let nameBytesMax = 64
  static let eventBytesMax = 128
  static let pathBytesMax = 256
  static let dimensionsMax = 16
  static let unitBytesMax = 64
  static let holdBounds: ClosedRange<TimeSpan> = .seconds(1) ... .days(400)

  private static let fields = ["name", "event", "aggregate", "value", "scale", "dimensions", "unit", "hold"]

  func read(_ node: YAMLNode) throws(Complaint) -> CatalogFile.Placed<MeterDefinition> {
    guard case .mapping(let pairs) = node.content else {
      throw fault(
        node.mark, "a meter is \(node.kindName), not a mapping", "write '{ name: …, event: …, aggregate: … }'")
    }
    var marks: [String: YAMLMark] = [:]
    var meter = MeterDefinition(name: "", event: "", aggregate: .count)
    for pair in pairs {
      guard Self.fields.contains(pair.key) else {
        throw fault(
          pair.mark, "\(quoted(pair.key)) is not a field of a meter",
          nearestName(to: pair.key, among: Self.fields).map { "did you mean \(quoted($0))?" }
            ?? "a meter has \(alternatives(Self.fields))")
      }
      // In a catalog `null` says that an optional field is absent.
      if pair.value.isNothing, !["name", "event", "aggregate"].contains(pair.key) { continue }
      marks[pair.key] = pair.value.mark
      try read(pair, into: &meter)
    }
    for field in ["name", "event", "aggregate"] where marks[field] == nil {
      throw fault(node.mark, "the meter\(called(meter.name)) has no \(quoted(field))", "add it")
    }
    try checkTogether(meter, marks, node.mark)
    return CatalogFile.Placed(value: meter, mark: node.mark, fields: marks)
  }

  private func read(_ pair: YAMLNode.Pair, into meter: inout MeterDefinition) throws(Complaint) {
    let node = pair.value
    switch pair.key {
    case "name":
      let name = try text(pair)
      guard (1...Self.nameBytesMax).contains(name.utf8.count),
        name.utf8.allSatisfy({ isLetterOrDigit($0) || "._-".utf8.contains($0) })
      else {
        throw fault(
          node.mark,
          "'name' is not a meter's name (\(quoted(name)); 1 to \(Self.nameBytesMax) letters, digits, '.', '_' or '-')",
          "choose another")
      }
      meter.name = name
    case "event":
      meter.event = try text(pair, bytesMax: Self.eventBytesMax)
    case "aggregate":
      let word = try text(pair)
      guard let aggregate = MeterDefinition.Aggregate(rawValue: word) else {
        let words = MeterDefinition.Aggregate.allCases.map(\.rawValue)
        throw fault(
          node.mark, "'aggregate' has a wrong value (\(quoted(word)); it takes \(alternatives(words)))",
          nearestName(to: word, among: words).map { "did you mean \(quoted($0))?" } ?? "choose one of them")
      }
      guard aggregates.contains(aggregate) else {
        let words = MeterDefinition.Aggregate.allCases.filter(aggregates.contains).map(\.rawValue)
        throw fault(
          node.mark, "the aggregate \(quoted(word)) is not in this build yet (it has \(alternatives(words)))",
          "remove the meter\(called(meter.name))")
      }
      meter.aggregate = aggregate
    case "value":
      meter.value = try dottedPath(node, field: "value")
    case "scale":
      meter.scale = try scale(pair)
    case "dimensions":
      meter.dimensions = try dimensions(node)
    case "unit":
      meter.unit = try text(pair, bytesMax: Self.unitBytesMax)
    default:
      meter.hold = try hold(pair)
    }
  }

  private func checkTogether(_ meter: MeterDefinition, _ marks: [String: YAMLMark], _ start: YAMLMark) throws(Complaint)
  {
    if meter.aggregate.needsValue, meter.value == nil {
      throw fault(
        start, "the meter\(called(meter.name)) has no 'value' (\(meter.aggregate.rawValue) measures one)",
        "name the path of a number below 'data'")
    }
    if !meter.aggregate.needsValue, let mark = marks["value"] {
      throw fault(mark, "the meter\(called(meter.name)) has a 'value' (count measures none)", "remove it or use sum")
    }
    if meter.aggregate != .timeWeighted, let mark = marks["hold"] {
      throw fault(
        mark, "the meter\(called(meter.name)) has a 'hold' (only time_weighted holds a level)", "remove it")
    }
  }

  private func called(_ name: String) -> String { name.isEmpty ? "" : " \(quoted(name))" }

  private func text(_ pair: YAMLNode.Pair) throws(Complaint) -> String {
    guard case .scalar(let text, _) = pair.value.content else {
      throw fault(pair.value.mark, "\(quoted(pair.key)) is \(pair.value.kindName)", "write one value")
    }
    guard !pair.value.isNothing else { throw fault(pair.value.mark, "\(quoted(pair.key)) has no value", "give it one") }
    return text
  }

  private func text(_ pair: YAMLNode.Pair, bytesMax: Int) throws(Complaint) -> String {
    let text = try text(pair)
    guard (1...bytesMax).contains(text.utf8.count), !holdsControlCharacter(text) else {
      throw fault(
        pair.value.mark,
        "\(quoted(pair.key)) has a wrong value (\(quoted(text)); 1 to \(bytesMax) bytes without control characters)",
        "correct it")
    }
    return text
  }

  private func dottedPath(_ node: YAMLNode, field: String) throws(Complaint) -> String {
    guard case .scalar(let path, _) = node.content, !node.isNothing else {
      throw fault(
        node.mark, "\(quoted(field)) takes a dotted path, not \(node.isNothing ? "nothing" : node.kindName)",
        "write one")
    }
    let segments = path.split(separator: ".", omittingEmptySubsequences: false)
    guard path.utf8.count <= Self.pathBytesMax, !holdsControlCharacter(path), !segments.contains("") else {
      throw fault(
        node.mark,
        "\(quoted(field)) is not a path (\(quoted(path)); names joined by '.', up to \(Self.pathBytesMax) bytes)",
        "write it like usage.tokens")
    }
    return path
  }

  private func scale(_ pair: YAMLNode.Pair) throws(Complaint) -> Int {
    let text = try text(pair)
    guard case .scalar(_, .plain) = pair.value.content, let (digits, unit) = splitAmount(text), unit.isEmpty,
      (0...MeterDefinition.scaleMax).contains(digits)
    else {
      throw fault(
        pair.value.mark,
        "'scale' has a wrong value (\(quoted(text)); an integer from 0 to \(MeterDefinition.scaleMax))",
        "correct it")
    }
    return digits
  }

  private func dimensions(_ node: YAMLNode) throws(Complaint) -> [String] {
    guard case .sequence(let items) = node.content else {
      throw fault(node.mark, "'dimensions' is \(node.kindName), not a list", "write it in brackets: [a, b]")
    }
    guard items.count <= Self.dimensionsMax else {
      throw fault(
        node.mark, "'dimensions' has too many entries (\(items.count); at most \(Self.dimensionsMax))", "name fewer")
    }
    var paths: [String] = []
    // By bytes, as events are compared: two spellings of one accented letter are two members of `data`.
    var seen: Set<[UInt8]> = []
    for item in items {
      let path = try dottedPath(item, field: "dimensions")
      guard seen.insert(Array(path.utf8)).inserted else {
        throw fault(item.mark, "'dimensions' names \(quoted(path)) twice", "keep one of them")
      }
      paths.append(path)
    }
    return paths
  }

  private func hold(_ pair: YAMLNode.Pair) throws(Complaint) -> TimeSpan {
    let text = try text(pair)
    guard let span = TimeSpan(text: text), Self.holdBounds.contains(span) else {
      throw fault(
        pair.value.mark,
        "'hold' has a wrong value (\(quoted(text)); a duration from \(Self.holdBounds.lowerBound.text) to"
          + " \(Self.holdBounds.upperBound.text))", "write it like 10m or 24h")
    }
    return span
  }

  private func fault(_ mark: YAMLMark, _ problem: String, _ remedy: String) -> Complaint {
    document.complaint(at: mark, problem, remedy: remedy)
  }
}
