import Foundation

/// Where PostgreSQL's programs are, and as whom its server can run.
enum PostgresBinaries {
  /// The newest below /usr/lib/postgresql, else what pg_config says.
  static let folder: Result<String, StackFailure> = Result { () throws(StackFailure) in
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
    for version in versions.compactMap({ Int($0) }).sorted(by: >) {
      let folder = "/usr/lib/postgresql/\(version)/bin"
      if unsafe access("\(folder)/initdb", X_OK) == 0 { return folder }
    }
    let config = try ChildProcess("pg_config", ["--bindir"])
    try config.waitForExit()
    let folder = config.output.trimmingCharacters(in: .whitespacesAndNewlines)
    if unsafe access("\(folder)/initdb", X_OK) == 0 { return folder }
    throw StackFailure(
      at: "postgres", "there is no initdb (/usr/lib/postgresql/*/bin, pg_config)", remedy: "install it")
  }

  /// initdb and postgres refuse to run as root.
  static let user: String? = geteuid() == 0 ? "postgres" : nil

  /// Gives a folder to the user as whom the server runs.
  static func give(_ path: String) throws(StackFailure) {
    guard let user else { return }
    guard let entry = unsafe getpwnam(user) else {
      throw StackFailure(at: "postgres", "there is no user '\(user)'", remedy: "add it, or do not run tests as root")
    }
    guard unsafe chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
      throw StackFailure(at: "postgres", "cannot give '\(path)' to '\(user)' (\(lastError()))")
    }
  }

  /// Runs a program of PostgreSQL, or one that works on its files, to its end.
  static func run(_ program: String, _ arguments: [String]) throws(StackFailure) {
    let child = try ChildProcess(program, arguments, as: user)
    let end = try child.waitForExit()
    if end != .exited(0) { throw child.failure("failed") }
  }

  /// An empty cluster, made once in a run: copying it takes a tenth of the time of initdb.
  static let template: Result<String, StackFailure> = Result { () throws(StackFailure) in
    let home = try TestRun.current.path(for: "template")
    guard unsafe mkdir(home, 0o700) == 0 else {
      throw StackFailure(at: "postgres", "cannot make '\(home)' (\(lastError()))")
    }
    try give(home)
    try run(
      "\(try folder.get())/initdb",
      [
        "-D", "\(home)/empty", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync",
        "--no-instructions",
      ])
    return "\(home)/empty"
  }
}
