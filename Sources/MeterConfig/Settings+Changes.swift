/// A setting that differs between two configurations. Its values are for people: secrets are not in them.
public struct SettingChange: Sendable, Equatable {
  public var path: String
  public var before: String
  public var after: String
  /// Whether it waits for a restart; else SIGHUP makes it so.
  public var needsRestart: Bool
}

extension Settings {
  /// What changes from these settings to `next`, in the order of the manual.
  public func changes(to next: Settings) -> [SettingChange] {
    SettingsTable.whole.rows.compactMap { row in
      guard row.kind.text(in: self, redacted: false) != row.kind.text(in: next, redacted: false) else { return nil }
      return SettingChange(
        path: row.path, before: row.kind.text(in: self, redacted: true).joined(separator: ", "),
        after: row.kind.text(in: next, redacted: true).joined(separator: ", "), needsRestart: !row.isLive)
    }
  }

  /// The configuration in force as YAML, every setting said, secrets as `'…'`.
  public var redacted: String {
    var text = ""
    var section = ""
    for row in SettingsTable.whole.rows {
      if row.section != section, !row.section.isEmpty { text += "\(row.section):\n" }
      section = row.section
      let indent = section.isEmpty ? "" : "  "
      let lines = row.kind.text(in: self, redacted: true)
      if case .properties = row.kind, !kafka.properties.all.isEmpty {
        text += "\(indent)\(row.name):\n" + lines.map { "\(indent)  \($0)\n" }.joined()
      } else {
        text += "\(indent)\(row.name): \(lines.joined())\n"
      }
    }
    return text
  }
}
