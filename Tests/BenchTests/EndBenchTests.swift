import Foundation
import TestStack
import Testing

/// The benches over real processes at a size that takes moments, so that they cannot rot; of their times only that there are some is
/// looked at.
@Suite(.serialized) struct EndBenchTests {
  @Test func `the daemon's way from Kafka to PostgreSQL is measured beside a consumer that does nothing`() throws {
    let lines = try run("e2e", "--events", "20000", "--partitions", "4", "--runs", "1")
    let ratios = try #require(lines.first?.firstMatch(of: /ratio to idle: the daemon needs ([\d.]+) x .*, ([\d.]+) x/))
    #expect(try #require(Double(ratios.1)) > 0 && #require(Double(ratios.2)) > 0)
    #expect(lines.contains { $0.hasPrefix("events 20000 ") && $0.hasSuffix("equal to the recount") })
    #expect(lines.last?.contains("idle consumer: librdkafka ") == true)
  }

  @Test func `the time from a kill to counting again is measured, and what of it is the group's`() throws {
    let lines = try run(
      "recovery", "--identities", "20000", "--series", "1000", "--partitions", "4", "--rate", "5000", "--tenants", "300"
    )
    let courses = lines.filter { $0.hasPrefix("after a ") }
    #expect(courses.count == 3)
    for course in courses {
      let told = try #require(course.firstMatch(of: /: ([\d.]+) s from the kill .* without the group ([\d.]+) s/))
      let (whole, own) = (try #require(Double(told.1)), try #require(Double(told.2)))
      #expect(own > 0 && own < whole)
      #expect(Duration.seconds(own) < .promised(.seconds(5)), "\(course)")
    }
  }

  @Test func `a daemon that only counts can still be made of these sources`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let words = ["--dry-run", "--silent", "-p1", "-d", root, "-i", "\(root)/Benchmarks/only-counts.patch"]
    let child = try ChildProcess("/usr/bin/patch", words)
    #expect(try child.waitForExit(within: .seconds(60)) == .exited(0), "\(child.output)")
  }

  private func run(_ words: String...) throws -> [String] {
    let child = try ChildProcess(try Programs().endBench, words)
    guard try child.waitForExit(within: .seconds(300)) == .exited(0) else { throw child.failure("failed") }
    return child.output.split(separator: "\n").map(String.init)
  }
}
