import MeterModel

/// One mapping of a catalog: fields that are known to be its own, each taken by what it must be, and said with its place where it is not.
/// In a catalog `null` says that a field is absent.
struct CatalogEntry {
  let document: YAMLDocument
  /// What messages call it: `a plan`.
  let kind: String
  let mark: YAMLMark
  private let fields: [YAMLNode.Pair]

  init(_ node: YAMLNode, _ kind: String, fields known: [String], _ document: YAMLDocument) throws(Complaint) {
    self.document = document
    self.kind = kind
    mark = node.mark
    guard case .mapping(let pairs) = node.content else {
      throw document.complaint(
        at: node.mark, "\(kind) is \(node.kindName), not a mapping",
        remedy: "write '{ \(known.prefix(2).map { "\($0): …" }.joined(separator: ", ")) }'")
    }
    for pair in pairs where !known.contains(pair.key) {
      throw document.complaint(
        at: pair.mark, "\(quoted(pair.key)) is not a field of \(kind)",
        remedy: nearestName(to: pair.key, among: known).map { "did you mean \(quoted($0))?" }
          ?? "\(kind) has \(alternatives(known))")
    }
    fields = pairs.filter { !$0.value.isNothing }
  }

  /// Where each field's value begins.
  var marks: [String: YAMLMark] { Dictionary(uniqueKeysWithValues: fields.map { ($0.key, $0.value.mark) }) }

  private func node(_ field: String) -> YAMLNode? { fields.first { $0.key == field }?.value }

  func has(_ field: String) -> Bool { node(field) != nil }

  func fault(_ field: String?, _ problem: String, _ remedy: String) -> Complaint {
    document.complaint(at: field.flatMap { node($0)?.mark } ?? mark, problem, remedy: remedy)
  }

  private func wrong(_ field: String, _ text: String, _ expects: String) -> Complaint {
    fault(field, "\(quoted(field)) has a wrong value (\(quoted(text)); \(expects))", "correct it")
  }

  /// What must be there.
  func need<Value>(_ field: String, _ value: Value?) throws(Complaint) -> Value {
    guard let value else { throw fault(nil, "\(kind) has no \(quoted(field))", "add it") }
    return value
  }

  private func scalar(_ field: String) throws(Complaint) -> (text: String, isPlain: Bool)? {
    guard let node = node(field) else { return nil }
    guard case .scalar(let text, let style) = node.content else {
      throw fault(field, "\(quoted(field)) is \(node.kindName)", "write one value")
    }
    return (text, style == .plain)
  }

  func text(_ field: String, bytes: ClosedRange<Int>) throws(Complaint) -> String? {
    guard let (text, _) = try scalar(field) else { return nil }
    guard bytes.contains(text.utf8.count), !holdsControlCharacter(text) else {
      throw wrong(
        field, text, "\(bytes.lowerBound) to \(bytes.upperBound) bytes without control characters")
    }
    return text
  }

  static let nameBytes = 1...64

  static func isName(_ text: String) -> Bool {
    nameBytes.contains(text.utf8.count) && text.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
  }

  func name(_ field: String) throws(Complaint) -> String? {
    guard let (text, _) = try scalar(field) else { return nil }
    guard Self.isName(text) else {
      throw wrong(field, text, "1 to \(Self.nameBytes.upperBound) letters, digits, '.', '_' or '-'")
    }
    return text
  }

  func integer(_ field: String, in range: ClosedRange<Int>) throws(Complaint) -> Int? {
    guard let (text, isPlain) = try scalar(field) else { return nil }
    guard isPlain, let (number, unit) = splitAmount(text), unit.isEmpty, range.contains(number) else {
      throw wrong(field, text, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func boolean(_ field: String) throws(Complaint) -> Bool? {
    guard let (text, isPlain) = try scalar(field) else { return nil }
    guard isPlain, text == "true" || text == "false" else { throw wrong(field, text, "true or false") }
    return text == "true"
  }

  func choice<Value: RawRepresentable<String> & CaseIterable>(
    _ field: String, of kind: Value.Type
  ) throws(Complaint) -> Value? {
    guard let (text, _) = try scalar(field) else { return nil }
    guard let value = Value(rawValue: text) else {
      let words = Value.allCases.map(\.rawValue)
      throw fault(
        field, "\(quoted(field)) has a wrong value (\(quoted(text)); it takes \(alternatives(words)))",
        nearestName(to: text, among: words).map { "did you mean \(quoted($0))?" } ?? "choose one of them")
    }
    return value
  }

  /// An exact decimal, not below zero. It is the same in quotes and without: its digits are taken as they stand.
  func decimal(_ field: String) throws(Complaint) -> Quantity? {
    guard let (text, _) = try scalar(field) else { return nil }
    return try decimal(text, field)
  }

  private func decimal(_ text: String, _ field: String) throws(Complaint) -> Quantity {
    guard let quantity = Quantity(text: text), quantity.scale <= Quantity.fractionMax else {
      throw wrong(field, text, "digits like 199.00, at most \(Quantity.fractionMax) behind the point, 38 in all")
    }
    return quantity
  }

  func decimals(_ field: String) throws(Complaint) -> [Quantity] {
    var all: [Quantity] = []
    for item in try items(field) {
      guard case .scalar(let text, _) = item.content, let quantity = Quantity(text: text),
        quantity.scale <= Quantity.fractionMax
      else {
        throw document.complaint(
          at: item.mark, "\(quoted(field)) has an entry that is not a number", remedy: "write numbers like 80 or 99.5")
      }
      all.append(quantity)
    }
    return all
  }

  func names(_ field: String) throws(Complaint) -> [String] {
    var all: [String] = []
    for item in try items(field) {
      guard case .scalar(let text, _) = item.content, Self.isName(text), !all.contains(text) else {
        throw document.complaint(
          at: item.mark, "\(quoted(field)) has an entry that is not a name, or one that is there twice",
          remedy: "write each name once, of letters, digits, '.', '_' and '-'")
      }
      all.append(text)
    }
    return all
  }

  /// Fifty years on from any of them can still be told.
  private static let instants = Instant(nanoseconds: 0)..<Instant(text: "2200-01-01T00:00:00Z")!

  func instant(_ field: String) throws(Complaint) -> Instant? {
    guard let (text, _) = try scalar(field) else { return nil }
    guard let instant = Instant(text: text), Self.instants.contains(instant) else {
      throw wrong(field, text, "an instant from 1970 to 2200 with its offset, like 2026-11-01T00:00:00+01:00")
    }
    return instant
  }

  private static let trialBounds: ClosedRange<TimeSpan> = .minutes(1) ... .days(3_660)

  func trial(_ field: String) throws(Complaint) -> Trial? {
    guard let (text, _) = try scalar(field) else { return nil }
    guard let span = TimeSpan(text: text), Self.trialBounds.contains(span), let trial = Trial(text: text) else {
      throw wrong(field, text, "a length of time like 14d or 36h")
    }
    return trial
  }

  func duration(_ field: String, in bounds: ClosedRange<TimeSpan>) throws(Complaint) -> TimeSpan? {
    guard let (text, _) = try scalar(field) else { return nil }
    guard let span = TimeSpan(text: text), bounds.contains(span) else {
      throw wrong(field, text, "a length of time from \(bounds.lowerBound.text) to \(bounds.upperBound.text)")
    }
    return span
  }

  func items(_ field: String) throws(Complaint) -> [YAMLNode] {
    guard let node = node(field) else { return [] }
    guard case .sequence(let items) = node.content else {
      throw fault(field, "\(quoted(field)) is \(node.kindName), not a list", "write it in brackets, or with dashes")
    }
    return items
  }

  func entry(_ field: String, _ kind: String, fields: [String]) throws(Complaint) -> CatalogEntry? {
    guard let node = node(field) else { return nil }
    return try CatalogEntry(node, kind, fields: fields, document)
  }
}
