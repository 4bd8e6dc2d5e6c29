import MeterModel

@testable import MeterConfig

/// A configuration is taken or complained of; what is taken, shown and read again changes nothing but secrets.
enum ConfigurationCheck {
  /// A folder that is not there, so that no `…_file` leads anywhere.
  private static let file = "/nowhere/meterd.yaml"
  private static let secret = "postgresql://meterd@db/secret-word"

  static func run(_ bytes: [UInt8]) throws(Contradiction) {
    // A path of one's own choice would make the input mean what stands on this machine's disk.
    guard !String(decoding: bytes, as: UTF8.self).contains("_file") else { return }
    let (settings, complaint) = read(bytes)
    let (again, sameComplaint) = read(bytes)
    try require(settings == again && complaint == sameComplaint, "the same file read twice differs")
    if let complaint {
      return try ComplaintCheck.run(complaint, status: .configuration, head: "config: \(file)", bytes)
    }
    guard let settings else { return }
    try require(settings.changes(to: settings).isEmpty, "the settings differ from themselves")
    let shown = settings.redacted
    // Whoever puts a secret elsewhere too has it shown there.
    let isOnlyThere =
      String(decoding: bytes, as: UTF8.self).split(separator: "SECRET").count == 2
      && settings.postgres.url.exposed.contains("secret-word")
    try require(!isOnlyThere || !shown.contains("secret-word"), "a secret is shown: \(shown)")
    let (reread, fault) = read(Array(shown.utf8))
    // A setting that this build takes at its default only, and a secret that was blotted out, may be refused.
    guard let reread else {
      return try require(shown.contains("…"), "shown it does not read: \(fault?.description ?? "")\n\(shown)")
    }
    let changed = settings.changes(to: reread).filter { $0.before != $0.after }
    try require(changed.isEmpty, "shown and read again, \(changed.map(\.path)) differ")
  }

  private static func read(_ bytes: [UInt8]) -> (Settings?, Complaint?) {
    do throws(Complaint) {
      let settings = try Settings.parse(bytes, file: file) { name in
        switch name {
        case "SECRET": secret
        case "WORD": "word"
        case "EMPTY": ""
        default: nil
        }
      }
      return (settings, nil)
    } catch {
      return (nil, error)
    }
  }
}
