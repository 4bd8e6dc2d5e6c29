/// How a program ends. Every fatal cause has its own status; the runbook has an entry for each.
public enum ExitStatus: Int32, Sendable, CaseIterable {
  case done = 0
  case usage = 64
  /// A bad catalog or input file.
  case input = 65
  /// A needed service is unreachable at start.
  case unavailable = 69
  case bug = 70
  case cannotWrite = 73
  case notPermitted = 77
  /// The configuration is wrong, or its file is missing.
  case configuration = 78
}

/// A failure as a person reads it: one line, `where: what is wrong (value; bound); what to do`.
public struct Complaint: Error, Sendable, Equatable, CustomStringConvertible {
  public var status: ExitStatus
  public var place: String
  public var problem: String
  public var remedy: String

  public init(_ status: ExitStatus, at place: String, _ problem: String, remedy: String) {
    self.status = status
    self.place = place
    self.problem = problem
    self.remedy = remedy
  }

  /// Never more than one line: control characters of quoted values are escaped.
  public var description: String {
    var line = ""
    for scalar in "\(place): \(problem); \(remedy)".unicodeScalars {
      switch scalar {
      case "\n": line += "\\n"
      case "\r": line += "\\r"
      case "\t": line += "\\t"
      case _ where scalar.value < 0x20, _ where [0x7F...0x9F, 0x2028...0x2029].contains { $0.contains(scalar.value) }:
        line += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: line.unicodeScalars.append(scalar)
      }
    }
    return line
  }
}
