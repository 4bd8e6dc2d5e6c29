import Glibc
import MeterModel

extension Settings {
  /// Reads, checks and completes the configuration in `file`; `environment` answers for `${NAME}`.
  public static func load(
    file: String, environment: @escaping (String) -> String? = processEnvironment
  ) throws(Complaint)
    -> Settings
  {
    var loader = try SettingsLoader(YAMLDocument(path: file, purpose: .configuration), .whole, environment)
    return try loader.load()
  }

  /// The same for bytes that are already here; `file` is the name for messages, and relative paths start at its
  /// directory.
  public static func parse(
    _ bytes: [UInt8], file: String, environment: @escaping (String) -> String?
  ) throws(Complaint)
    -> Settings
  {
    try parse(bytes, file: file, table: .whole, environment: environment)
  }

  /// With a table of one's own, to see what a build with other features would do.
  static func parse(
    _ bytes: [UInt8], file: String, table: SettingsTable, environment: @escaping (String) -> String?
  ) throws(Complaint) -> Settings {
    var loader = try SettingsLoader(YAMLDocument(bytes, file: file, purpose: .configuration), table, environment)
    return try loader.load()
  }

  /// This process's environment. A variable that is not UTF-8 is as good as unset.
  public static func processEnvironment(_ name: String) -> String? {
    guard !name.utf8.contains(0), let value = unsafe getenv(name) else { return nil }
    return unsafe String(validatingCString: value)
  }
}

/// Walks a configuration in the order of the file and stops at the first fault.
private struct SettingsLoader {
  let document: YAMLDocument
  let table: SettingsTable
  let reader: SettingReader
  let defaults: Settings
  var settings: Settings
  /// Where each setting that the file has was given, for faults that concern two of them.
  var marks: [String: YAMLMark] = [:]

  init(_ document: YAMLDocument, _ table: SettingsTable, _ environment: @escaping (String) -> String?) throws(Complaint)
  {
    self.document = document
    self.table = table
    reader = SettingReader(document: document, environment: environment)
    defaults = try table.defaults()
    settings = defaults
  }

  mutating func load() throws(Complaint) -> Settings {
    if let root = document.root, !root.isNothing { try walk(root, section: "") }
    for row in table.rows where row.isRequired && marks[row.path] == nil {
      throw document.complaint(
        at: nil, "\(quoted(row.path)) is missing (it takes \(row.kind.expects))",
        remedy: row.isSecret ? "set it or \(quoted(row.path + "_file"))" : "set it")
    }
    try SettingsChecks(document: document, marks: marks).check(settings)
    return settings
  }

  private mutating func walk(_ node: YAMLNode, section: String) throws(Complaint) {
    // A section whose keys are all commented out is an empty one.
    if node.isNothing { return }
    guard case .mapping(let pairs) = node.content else {
      let what = section.isEmpty ? "the file" : quoted(section)
      throw document.complaint(
        at: node.mark, "\(what) is \(node.kindName), not a mapping", remedy: "write 'key: value' lines")
    }
    for pair in pairs {
      let path = section.isEmpty ? pair.key : "\(section).\(pair.key)"
      if let row = table[path] {
        try claim(row.path, as: path, at: pair.mark)
        try read(row, pair)
      } else if path.hasSuffix("_file"), let row = table[String(path.dropLast("_file".count))], row.isSecret {
        try claim(row.path, as: path, at: pair.mark)
        try reader.readFileOf(row, pair.value, into: &settings)
      } else if section.isEmpty, table.isSection(path) {
        try walk(pair.value, section: path)
      } else {
        throw unknown(path, at: pair.mark)
      }
    }
  }

  private mutating func read(_ row: Setting, _ pair: YAMLNode.Pair) throws(Complaint) {
    try reader.read(row, pair.value, into: &settings)
    guard !row.inBuild else { return }
    let text = row.kind.text(in: settings, redacted: false)
    if text != row.kind.text(in: defaults, redacted: false) {
      throw document.complaint(
        at: pair.value.mark,
        "\(quoted(row.path)) is not in this build yet (\(text.joined(separator: ", "));"
          + " only its default \(row.fallback) is taken)", remedy: "remove the line")
    }
  }

  /// A setting and its `…_file` are one thing that can be said once.
  private mutating func claim(_ setting: String, as path: String, at mark: YAMLMark) throws(Complaint) {
    if marks.updateValue(mark, forKey: setting) != nil {
      throw document.complaint(
        at: mark, "\(quoted(setting)) is given both as text and as a file", remedy: "keep one of them")
    }
  }

  private func unknown(_ path: String, at mark: YAMLMark) -> Complaint {
    let name = path.split(separator: ".").last.map(String.init) ?? path
    // A right name in a wrong section is nearer than any misspelling.
    let moved = table.rows.first { $0.name == name && $0.path != path }?.path
    let section = String(path.prefix { $0 != "." })
    let remedy: String
    if let near = nearestName(to: path, among: table.names) ?? moved {
      remedy = "did you mean \(quoted(near))?"
    } else if table.isSection(section), section != path {
      remedy = "\(quoted(section)) has \(alternatives(table.rows.filter { $0.section == section }.map(\.name)))"
    } else {
      remedy = "remove it"
    }
    return document.complaint(at: mark, "\(quoted(path)) is not a setting", remedy: remedy)
  }
}

extension SettingsTable {
  /// Every default, through the same reader as a file: a default outside its own bounds would not load.
  func defaults() throws(Complaint) -> Settings {
    var settings = Settings()
    for row in rows where !row.isRequired {
      let document = try YAMLDocument(Array(row.fallback.utf8), file: row.path, purpose: .configuration)
      guard let node = document.root else { continue }
      try SettingReader(document: document, environment: { _ in nil }).read(row, node, into: &settings)
    }
    return settings
  }
}
