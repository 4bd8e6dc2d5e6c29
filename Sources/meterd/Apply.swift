import MeterConfig
import MeterModel
import MeterRuntime
import PostgresEdge

enum Apply {
  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let settings = try arguments.settings()
    let path = arguments.positionals[0]
    let file = try CatalogFile.read(path: path)
    let keeper = PeriodKeeper()
    try PeriodCheck(keeper: keeper).check(file, window: settings.rollup.window)
    let target = settings.postgres.url.exposed
    _ = try Schema.prepare(target, migrates: settings.postgres.migrate)
    let isDryRun = arguments.has("dry-run")
    let catalog = Catalog(target: target)
    // Periods are laid on its windows.
    _ = try catalog.installation(window: settings.rollup.window)
    let changes = try catalog.apply(
      file.contents, actor: Actor.name, source: path, dryRun: isDryRun,
      bounds: Periods.Bounds(window: settings.rollup.window, past: settings.time.maxPast), zones: keeper.zones,
      keeper.outlook)
    if let refused = changes.first(where: { $0.outcome == .refused }) { throw file.complaint(refused) }
    for change in changes { print("\(sign(change.outcome)) \(change.section) \(change.name)\(field(change))") }
    let (added, changed) = (changes.count { $0.outcome == .added }, changes.count { $0.outcome == .changed })
    print(
      "\(isDryRun ? "would add" : "added") \(added), \(isDryRun ? "change" : "changed") \(changed), "
        + "unchanged \(changes.count - added - changed)")
    return .done
  }

  private static func sign(_ outcome: Catalog.Change.Outcome) -> String {
    switch outcome {
    case .added: "+"
    case .changed: "~"
    case .kept, .refused: "="
    }
  }

  private static func field(_ change: Catalog.Change) -> String {
    change.outcome == .changed ? change.field.map { " (\($0))" } ?? "" : ""
  }
}

extension CatalogFile {
  /// What was refused, with the place where the file says it.
  fileprivate func complaint(_ change: Catalog.Change) -> Complaint {
    let (mark, fields) = place(of: change.section, change.name)
    return document.complaint(
      at: change.field.flatMap { fields[$0] } ?? mark,
      "\(change.field.map { "'\($0)' of " } ?? "")\(change.section) '\(change.name)': \(change.problem ?? "it is refused")",
      remedy: remedy(for: change))
  }

  private func place(of section: String, _ name: String) -> (YAMLMark?, [String: YAMLMark]) {
    func find<Value>(_ entries: [Placed<Value>], _ text: (Value) -> String) -> (YAMLMark?, [String: YAMLMark]) {
      let entry = entries.first { text($0.value) == name }
      return (entry?.mark, entry?.fields ?? [:])
    }
    switch section {
    case "meter": return find(meters) { $0.name }
    case "plan": return find(plans) { "\($0.name)" }
    case "add-on": return find(addOns) { "\($0.name)" }
    case "tenant": return find(tenants) { $0.id }
    default: return find(subscriptions) { $0.id }
    }
  }

  private func remedy(for change: Catalog.Change) -> String {
    guard change.problem?.hasSuffix("is never altered") == true else { return "correct it" }
    return change.section == "meter" ? "give the changed meter a new name" : "give what is changed a new version"
  }
}
