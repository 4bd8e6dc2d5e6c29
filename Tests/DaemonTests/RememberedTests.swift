import TestStack
import Testing

/// What was counted is remembered by whoever counts next.
@Suite(.serialized) struct RememberedTests {
  @Test func `events counted before a kill, a restart and a move to another daemon are duplicates after each`() throws {
    try Stack.with(topics: ["usage.events": 4]) { stack in
      try stack.apply(Expectation.catalog)
      let company = Company(stack)
      let count = 2_000
      var sent = count
      // All of them different and none refused, so that all that comes again is a duplicate.
      let first = try company.join().waitUntilReady()
      let copy = try stack.load(count, ["--duplicates", "0", "--late", "0.05", "--malformed", "0", "--tenants", "50"])
      let expectation = Expectation(stack: stack, copy: copy)
      try expectation.waitUntilCounted(count)
      #expect(try expectation.differences() == [])
      let usage = try stack.meterd(["usage", "--json"]).output
      // What no meter wants has no identity.
      let counted = Int(try stack.database.scalar("select sum(counted) from meterd.accounting") ?? "") ?? 0
      #expect(counted > count * 9 / 10)

      func sendAgain(_ after: String) throws {
        let outcome = try stack.lab(["load", "--brokers", stack.brokers, "--from", copy])
        #expect(outcome.status == 0, "\(outcome.errors)")
        sent += count
        try expectation.waitUntilCounted(sent)
        let verdicts = try stack.database.query("select sum(counted), sum(duplicate) from meterd.accounting")
        #expect(verdicts == [["\(counted)", "\(counted * (sent / count - 1))"]], "after \(after)")
        #expect(try stack.meterd(["usage", "--json"]).output == usage, "after \(after)")
      }

      try first.kill9()
      let second = try company.join()
      try company.waitUntilShared(by: [second])
      try sendAgain("a kill")

      #expect(try second.stop() == .exited(0))
      let third = try company.join()
      try company.waitUntilShared(by: [third])
      try sendAgain("a restart")

      // Half of the partitions move while the daemon lives, then the other half.
      let fourth = try company.join()
      try company.waitUntilShared(by: [third, fourth])
      try sendAgain("a move of some")
      #expect(try third.stop() == .exited(0))
      try company.waitUntilShared(by: [fourth])
      try sendAgain("a move of all")
    }
  }
}
