import MeterLab
import MeterModel

extension Complaint {
  /// The rooms' own errors end in `problem; remedy` as every message does.
  init(_ status: ExitStatus, at place: String, text: String) {
    let parts = text.split(separator: "; ").map(String.init)
    self.init(
      status, at: place, parts.dropLast().joined(separator: "; "), remedy: parts.last ?? "see 'meterd-lab --help'")
  }

  init(_ error: LabError) {
    let parts = error.description.split(separator: ": ", maxSplits: 1).map(String.init)
    self.init(ExitStatus(rawValue: error.exitStatus) ?? .bug, at: parts.first ?? "", text: parts.last ?? "")
  }
}
