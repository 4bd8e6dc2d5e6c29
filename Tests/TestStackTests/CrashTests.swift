import Foundation
import Testing

@testable import TestStack

/// Each of these ends a whole test process in its own way and looks at what is left.
@Suite struct CrashTests {
  /// What the process that is going to die tells about itself: its run's folder, then pids.
  private static func report(to file: String) throws {
    let child = try ChildProcess("sh", ["-c", "sleep 600 & echo $!; wait"])
    let grandchild = try child.waitForLine(matching: /^\d+$/).text
    let cluster = try PostgresCluster("crash")
    try cluster.start()
    let database = try Database(cluster.url())
    let session = try database.scalar("SELECT pg_backend_pid()") ?? ""
    let pids = ["\(child.pid)", grandchild, "\(cluster.server?.pid ?? 0)", session]
    try Data(([try TestRun.current.folder] + pids).joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: file))
  }

  private func expectNothingLeft(by file: String) throws {
    let told = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
    let pids = told.dropFirst().compactMap { pid_t($0) }
    #expect(pids.count == 4)
    try eventually("the end of \(pids)", { pids.filter(isAlive) }, until: \.isEmpty)
    try eventually("the removal of \(told[0])") {
      !FileManager.default.fileExists(atPath: told[0])
    }
  }

  @Test func `a killed test process leaves no process and no file`() async throws {
    let file = try TemporaryFolder().path(of: "told")
    await #expect(processExitsWith: .signal(SIGKILL)) { [file = file as String] in
      try CrashTests.report(to: file)
      kill(getpid(), SIGKILL)
    }
    try expectNothingLeft(by: file)
  }

  @Test func `a trapped test process leaves no process and no file`() async throws {
    let file = try TemporaryFolder().path(of: "told")
    await #expect(processExitsWith: .failure) { [file = file as String] in
      try CrashTests.report(to: file)
      preconditionFailure("on purpose")
    }
    try expectNothingLeft(by: file)
  }

  @Test func `a test process that ends well has cleared up before it is gone`() async throws {
    let file = try TemporaryFolder().path(of: "told")
    await #expect(processExitsWith: .success) { [file = file as String] in
      try CrashTests.report(to: file)
      exit(0)
    }
    let folder = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)[0]
    #expect(!FileManager.default.fileExists(atPath: folder))
    try expectNothingLeft(by: file)
  }

  @Test func `a run whose watchdog was killed too is swept by the next one`() async throws {
    let file = try TemporaryFolder().path(of: "told")
    // A place of its own: where runs come and go all the time, another one may sweep what is a minute old before we look at it.
    let place = try TemporaryFolder("place").path
    await #expect(processExitsWith: .signal(SIGKILL)) { [file = file as String, place = place as String] in
      unsafe setenv("TMPDIR", place, 1)
      try CrashTests.report(to: file)
      kill(try TestRun.current.watchdog, SIGKILL)
      kill(getpid(), SIGKILL)
    }
    let folder = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)[0]
    #expect(FileManager.default.fileExists(atPath: folder))
    let old = Date(timeIntervalSinceNow: -3600)
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: "\(folder)/lock")
    #expect(folder.hasPrefix(place + "/"))
    await #expect(processExitsWith: .success) { [place = place as String] in
      unsafe setenv("TMPDIR", place, 1)
      _ = try TestRun.current.folder
      exit(0)
    }
    try expectNothingLeft(by: file)
  }
}
