import Foundation
import Testing

@testable import TestStack

@Suite struct ChildProcessTests {
  @Test func `lines of both streams are read while the program runs`() throws {
    let child = try ChildProcess("/bin/sh", ["-c", "echo one; echo two >&2; printf three; exec sleep 60"])
    #expect(try child.waitForLine(matching: "one").stream == .output)
    #expect(try child.waitForLine(matching: /^t.o$/).stream == .error)
    #expect(child.isRunning)
    child.send(SIGTERM)
    #expect(try child.waitForExit() == .killed(signal: SIGTERM))
    #expect(child.output == "one\nthree\n")
    #expect(child.errors == "two\n")
  }

  @Test func `the exit status, the environment and the folder are the program's own`() throws {
    let folder = try TemporaryFolder()
    let child = try ChildProcess(
      "sh", ["-c", "pwd; echo $COLOUR; exit 7"], environment: ["COLOUR": "red green"], in: folder.path)
    #expect(try child.waitForExit() == .exited(7))
    #expect(child.output == "\(folder.path)\nred green\n")
  }

  @Test func `a line that never comes fails at the program's end with everything it wrote`() throws {
    let child = try ChildProcess("sh", ["-c", "echo here is why >&2; exit 3"])
    let failure = #expect(throws: StackFailure.self) { try child.waitForLine(matching: "ready", within: .seconds(30)) }
    let text = failure?.description ?? ""
    #expect(text.contains("ended without a line with 'ready'"))
    #expect(text.contains("exited with 3"))
    #expect(text.contains("here is why"))
  }

  @Test func `waiting has an end while the program goes on`() throws {
    let child = try ChildProcess("sleep", ["60"])
    #expect(throws: StackFailure.self) { try child.waitForExit(within: .milliseconds(30)) }
    #expect(throws: StackFailure.self) { try child.waitForLine(matching: "x", within: .milliseconds(30)) }
    #expect(try child.kill9() == .killed(signal: SIGKILL))
  }

  @Test func `a stopped program writes nothing until it is continued`() throws {
    // It counts in a file too: while it is stopped, that is where it stands, however late its lines are read here.
    let count = try TemporaryFolder().path(of: "count")
    let script = "n=0; while :; do n=$((n + 1)); echo tick $n; echo $n >>$0; sleep 0.01; done"
    let child = try ChildProcess("sh", ["-c", script, count])
    try child.waitForLine(matching: "tick 3")
    child.send(SIGSTOP)
    try eventually("the stop") {
      try String(contentsOfFile: "/proc/\(child.pid)/stat", encoding: .utf8).contains(") T ")
    }
    let last = try String(contentsOfFile: count, encoding: .utf8).split(separator: "\n").count
    try child.waitForLine { $0.text == "tick \(last)" }
    Thread.sleep(forTimeInterval: 0.1)
    // Stopped between its two writes, it has said one more than the file tells.
    #expect(!child.lines.contains { $0.text == "tick \(last + 2)" })
    let before = child.nextLine
    child.send(SIGCONT)
    try child.waitForLine(matching: "tick", from: before)
    try child.kill9()
  }

  @Test func `what a program started ends with it`() throws {
    let child = try ChildProcess("sh", ["-c", "sleep 60 & echo $!; exit 0"])
    let grandchild = try #require(pid_t(try child.waitForLine(matching: /^\d+$/).text))
    #expect(try child.waitForExit() == .exited(0))
    try eventually("the grandchild's end") { !isAlive(grandchild) }
  }

  @Test func `a hundred thousand lines are kept in bounds and in order`() throws {
    let child = try ChildProcess("seq", ["1", "100000"], linesMax: 1000)
    #expect(try child.waitForExit() == .exited(0))
    let lines = child.lines
    #expect(lines.count <= 1000)
    #expect(lines.last?.text == "100000")
    #expect(lines.last?.number == 99_999)
    #expect(lines.count + child.dropped == 100_000)
  }

  @Test func `a line without an end does not fill the memory`() throws {
    let child = try ChildProcess("sh", ["-c", "head -c 8000000 /dev/zero | tr '\\0' x; echo; echo end"])
    try child.waitForExit()
    #expect(child.lines.map { min($0.text.utf8.count, 1 << 20) } == [1 << 20, 3])
    #expect((child.lines.first?.text.utf8.count ?? 0) <= 1 << 20)
  }

  @Test func `a program that is not there is named`() {
    let failure = #expect(throws: StackFailure.self) { try ChildProcess("no-such-program") }
    #expect(failure?.description.contains("'no-such-program'") == true)
  }
}

/// A zombie that nobody reaps counts as gone.
func isAlive(_ pid: pid_t) -> Bool {
  guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let end = text.lastIndex(of: ")")
  else { return false }
  return !text[end...].hasPrefix(") Z")
}
