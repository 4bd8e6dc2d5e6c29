import MeterModel

/// A catalog as a file states it, checked: the meters, with the places they were read from for whoever finds a fault
/// later.
public struct CatalogFile: Sendable {
  public struct Meter: Sendable {
    public var definition: MeterDefinition
    /// Where the meter begins.
    public var mark: YAMLMark
    /// Where each of its fields is said, by the field's name.
    public var fields: [String: YAMLMark]
  }

  public let document: YAMLDocument
  public let meters: [Meter]

  public var definitions: [MeterDefinition] { meters.map(\.definition) }

  /// The aggregates that this build counts.
  public static let aggregatesInBuild: Set<MeterDefinition.Aggregate> = Set(MeterDefinition.Aggregate.allCases)

  public static func read(
    path: String, aggregates: Set<MeterDefinition.Aggregate> = aggregatesInBuild
  ) throws(Complaint) -> CatalogFile {
    try CatalogFile(YAMLDocument(path: path, purpose: .catalog), aggregates: aggregates)
  }

  /// The same for bytes that are already here; `file` is the name for messages.
  public static func parse(
    _ bytes: [UInt8], file: String, aggregates: Set<MeterDefinition.Aggregate> = aggregatesInBuild
  ) throws(Complaint) -> CatalogFile {
    try CatalogFile(YAMLDocument(bytes, file: file, purpose: .catalog), aggregates: aggregates)
  }

  private static let sections = ["meters", "plans", "addons", "tenants", "subscriptions", "grants"]

  private init(_ document: YAMLDocument, aggregates: Set<MeterDefinition.Aggregate>) throws(Complaint) {
    self.document = document
    guard let root = document.root, !root.isNothing else {
      throw document.complaint(at: nil, "the catalog is empty", remedy: "name at least one meter under 'meters'")
    }
    guard case .mapping(let pairs) = root.content else {
      throw document.complaint(
        at: root.mark, "the catalog is \(root.kindName), not a mapping", remedy: "begin it with 'meters:'")
    }
    var meters: [Meter] = []
    for pair in pairs {
      guard Self.sections.contains(pair.key) else {
        throw document.complaint(
          at: pair.mark, "\(quoted(pair.key)) is not a part of a catalog",
          remedy: nearestName(to: pair.key, among: Self.sections).map { "did you mean \(quoted($0))?" }
            ?? "a catalog has \(alternatives(Self.sections))")
      }
      guard pair.key == "meters" else {
        throw document.complaint(
          at: pair.mark, "\(quoted(pair.key)) is not in this build yet", remedy: "remove the section")
      }
      meters = try Self.meters(pair.value, document, aggregates)
    }
    self.meters = meters
  }

  private static func meters(
    _ node: YAMLNode, _ document: YAMLDocument, _ aggregates: Set<MeterDefinition.Aggregate>
  ) throws(Complaint) -> [Meter] {
    if node.isNothing { return [] }
    guard case .sequence(let items) = node.content else {
      throw document.complaint(
        at: node.mark, "'meters' is \(node.kindName), not a list", remedy: "write each meter as '- { name: … }'")
    }
    var meters: [Meter] = []
    // Names are ASCII, so Swift's equality is equality of bytes.
    var lines: [String: Int] = [:]
    for item in items {
      let meter = try MeterReader(document: document, aggregates: aggregates).read(item)
      let name = meter.definition.name
      if let first = lines.updateValue(meter.mark.line, forKey: name) {
        throw document.complaint(
          at: meter.fields["name"], "the meter \(quoted(name)) is defined twice (first in line \(first))",
          remedy: "give one of them another name")
      }
      meters.append(meter)
    }
    return meters
  }
}
