import Foundation
import TestStack
import Testing

/// `meterd-lab load --from`: the records of a file, as they stand there.
@Suite(.serialized) struct ReplayTests {
  private static let lines = [
    #"{"partition":0,"offset":0,"timestamp":1767225600123,"key":"a","headers":[["ce_id","MQ=="],["n",null]],"value":"{\r\n"}"#,
    #"{"partition":1,"offset":0,"timestamp":1767225600124,"key":null,"headers":[],"value":null}"#,
    #"{"partition":0,"offset":1,"timestamp":1767225600125,"key_base64":"/w==","headers":[],"value_base64":"/wA="}"#,
    #"{"partition":1,"offset":1,"timestamp":1767225600126,"key":"","headers":[],"value":""}"#,
  ]

  @Test func `a file that is replayed to a fresh topic is its own copy`() throws {
    try Stack.with(topics: ["usage.events": 2]) { stack in
      // The last line may lack its line break.
      let file = try stack.folder.write(Self.lines.joined(separator: "\n"), to: "replayed.ndjson")
      let copy = stack.folder.path(of: "copy.ndjson")
      let outcome = try stack.lab(["load", "--brokers", stack.brokers, "--from", file, "--copy", copy, "--json"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains(#""sent":4,"acknowledged":4,"failed":0"#), "\(outcome.output)")
      func bytes(_ text: String) -> Set<[UInt8]> {
        Set(text.replacing(#"\r"#, with: #"\u000d"#).utf8.split(separator: UInt8(ascii: "\n")).map(Array.init))
      }
      #expect(bytes(try stack.folder.read("copy.ndjson")) == bytes(Self.lines.joined(separator: "\n")))
    }
  }

  @Test func `a file without an end is read from stdin, and a replay may be paced and counted`() throws {
    try Stack.with(topics: ["usage.events": 2]) { stack in
      let file = try stack.folder.write(Self.lines.joined(separator: "\n") + "\n", to: "replayed.ndjson")
      let command = "\"$0\" load --brokers \"$1\" --from - --count 3 --rate 100 --json <\"$2\""
      let child = try ChildProcess("/bin/sh", ["-c", command, try stack.programs.lab, stack.brokers, file])
      #expect(try child.waitForExit() == .exited(0))
      #expect(child.output.contains(#""acknowledged":3"#), "\(child.output)")
    }
  }

  @Test(arguments: [
    (lines[0] + "\n{", "events: F:2: not one JSON value"),
    (lines[0] + "\n\n", "events: F:2: not one JSON value"),
    (lines[2] + "\n" + lines[0] + "\n", "'offset' goes back in partition 0 (0 after 1)"),
    (lines[0].replacing("1767225600123", with: "0"), "events: F: offset 0 of partition 0 has the timestamp 0"),
    (#"{"topic":"other",\#(lines[0].dropFirst())"#, "is of topic 'other'"),
  ])
  func `a line that cannot be sent is status 65 and one line that names the place`(
    _ text: String, _ message: String
  ) throws {
    try Stack.with(topics: ["usage.events": 2]) { stack in
      let file = try stack.folder.write(text, to: "broken.ndjson")
      let outcome = try stack.lab(["load", "--brokers", stack.brokers, "--from", file])
      #expect(outcome.status == 65, "\(outcome.errors)")
      #expect(outcome.errors.replacing(file, with: "F").contains(message), "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }
  }

  @Test(arguments: [
    (["--from", "F", "--seed", "2"], Int32(64), "'--seed' has no meaning for records of a file"),
    (["--from", "F", "--tenants", "2"], 64, "'--tenants'"),
    (["--from", "/nowhere/records"], 65, "the file cannot be read"),
  ])
  func `options that do not go together are told, as is a file that is not there`(
    _ arguments: [String], _ status: Int32, _ message: String
  ) throws {
    let child = try ChildProcess(try Programs().lab, ["load", "--brokers", "127.0.0.1:1"] + arguments)
    #expect(try child.waitForExit() == .exited(status))
    #expect(child.errors.contains(message), "\(child.errors)")
  }

  @Test func `a replay to a file is refused`() throws {
    let child = try ChildProcess(try Programs().lab, ["load", "--file", "x", "--from", "y", "--count", "1"])
    #expect(try child.waitForExit() == .exited(64))
    #expect(child.errors.contains("'--file' has no meaning for records of a file"), "\(child.errors)")
  }
}
