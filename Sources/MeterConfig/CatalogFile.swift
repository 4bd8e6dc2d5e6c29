import MeterModel

/// A catalog as a file states it, checked as far as a file can be: each entry with the places it was read from, for whoever finds a fault
/// later.
public struct CatalogFile: Sendable {
  public struct Placed<Value: Sendable>: Sendable {
    public var value: Value
    /// Where the entry begins.
    public var mark: YAMLMark
    /// Where each of its fields is said, by the field's name.
    public var fields: [String: YAMLMark]

    public init(value: Value, mark: YAMLMark, fields: [String: YAMLMark]) {
      self.value = value
      self.mark = mark
      self.fields = fields
    }
  }

  public let document: YAMLDocument
  public private(set) var meters: [Placed<MeterDefinition>] = []
  public private(set) var plans: [Placed<Plan>] = []
  public private(set) var addOns: [Placed<AddOn>] = []
  public private(set) var tenants: [Placed<Tenant>] = []
  public private(set) var subscriptions: [Placed<Subscription>] = []

  public var definitions: [MeterDefinition] { meters.map(\.value) }

  /// All entries, without their places.
  public var contents: CatalogContents {
    var contents = CatalogContents()
    contents.meters = definitions
    contents.plans = plans.map(\.value)
    contents.addOns = addOns.map(\.value)
    contents.tenants = tenants.map(\.value)
    contents.subscriptions = subscriptions.map(\.value)
    return contents
  }

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
    for pair in pairs {
      guard Self.sections.contains(pair.key) else {
        throw document.complaint(
          at: pair.mark, "\(quoted(pair.key)) is not a part of a catalog",
          remedy: nearestName(to: pair.key, among: Self.sections).map { "did you mean \(quoted($0))?" }
            ?? "a catalog has \(alternatives(Self.sections))")
      }
      switch pair.key {
      case "meters":
        let reader = MeterReader(document: document, aggregates: aggregates)
        meters = try entries(pair) { (node) throws(Complaint) in try reader.read(node) }
      case "plans":
        let reader = PlanReader(document: document)
        plans = try entries(pair) { (node) throws(Complaint) in try reader.plan(node) }
      case "addons":
        let reader = PlanReader(document: document)
        addOns = try entries(pair) { (node) throws(Complaint) in try reader.addOn(node) }
      case "tenants":
        let reader = SubscriptionReader(document: document)
        tenants = try entries(pair) { (node) throws(Complaint) in try reader.tenant(node) }
      case "subscriptions":
        let reader = SubscriptionReader(document: document)
        subscriptions = try entries(pair) { (node) throws(Complaint) in try reader.subscription(node) }
      default:
        throw document.complaint(
          at: pair.mark, "\(quoted(pair.key)) is not in this build yet", remedy: "remove the section")
      }
    }
    try checkNames()
  }

  private func entries<Value>(
    _ pair: YAMLNode.Pair, _ read: (YAMLNode) throws(Complaint) -> Placed<Value>
  ) throws(Complaint) -> [Placed<Value>] {
    if pair.value.isNothing { return [] }
    guard case .sequence(let items) = pair.value.content else {
      throw document.complaint(
        at: pair.value.mark, "\(quoted(pair.key)) is \(pair.value.kindName), not a list",
        remedy: "write each entry as '- { … }'")
    }
    var all: [Placed<Value>] = []
    for item in items { all.append(try read(item)) }
    return all
  }

  private func checkNames() throws(Complaint) {
    try checkNames("meter", "name", meters) { $0.name }
    try checkNames("plan", "version", plans) { "\($0.name)" }
    try checkNames("add-on", "version", addOns) { "\($0.name)" }
    try checkNames("tenant", "id", tenants) { $0.id }
    try checkNames("subscription", "id", subscriptions) { $0.id }
  }

  private func checkNames<Value>(
    _ kind: String, _ field: String, _ entries: [Placed<Value>], _ name: (Value) -> String
  ) throws(Complaint) {
    // By bytes: Swift's own equality would merge two spellings of one accented letter.
    var lines: [[UInt8]: Int] = [:]
    for entry in entries {
      let text = name(entry.value)
      if let first = lines.updateValue(entry.mark.line, forKey: Array(text.utf8)) {
        throw document.complaint(
          at: entry.fields[field] ?? entry.mark,
          "the \(kind) \(quoted(text)) is defined twice (first in line \(first))", remedy: "keep one of them")
      }
    }
  }
}
