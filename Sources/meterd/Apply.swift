import MeterConfig
import MeterModel
import PostgresEdge

enum Apply {
  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let settings = try arguments.settings()
    let file = try CatalogFile.read(path: arguments.positionals[0])
    let target = settings.postgres.url.exposed
    _ = try Schema.prepare(target, migrates: settings.postgres.migrate)
    let isDryRun = arguments.has("dry-run")
    let changes = try apply(file, Catalog(target: target), isDryRun)
    for change in changes { print("\(change.kind == .add ? "+" : "=") meter \(change.name)") }
    let added = changes.count { $0.kind == .add }
    print("\(isDryRun ? "would add" : "added") \(added), unchanged \(changes.count - added)")
    return .done
  }

  /// A refusal names the field and where it stands in the file.
  private static func apply(
    _ file: CatalogFile, _ catalog: Catalog, _ isDryRun: Bool
  ) throws(Complaint) -> [Catalog.Change] {
    do throws(Catalog.Refusal) {
      return try catalog.apply(file.definitions, dryRun: isDryRun)
    } catch {
      switch error {
      case .failed(let complaint): throw complaint
      case .altered(let meter, let field):
        let entry = file.meters.first { $0.definition.name == meter }
        throw file.document.complaint(
          at: entry.map { $0.fields[field] ?? $0.mark },
          "'\(field)' of meter '\(meter)' differs from the meter that is there; meters are never altered",
          remedy: "give the changed meter a new name")
      }
    }
  }
}
