import Foundation
import TestStack
import Testing

/// `meterd apply` as an operator runs it: whole catalogs, and what each refusal says.
@Suite struct ApplyTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func samples(_ folder: String) throws -> [String] {
    let path = root.appendingPathComponent(folder).path
    return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".yaml") }.sorted().map {
      "\(path)/\($0)"
    }
  }

  @Test func `the sample catalogs are applied, and the second time nothing changes`() throws {
    let files = try Self.samples("config/catalogs") + Self.samples("Tests/Golden/catalogs")
    #expect(files.count == 7)
    for file in files {
      try Stack.with { stack in
        let dry = try stack.meterd(["apply", file, "--dry-run"])
        #expect(dry.status == 0, "\(file): \(dry.errors)")
        #expect(try stack.database.scalar("select count(*) from meterd.meter") == "0")
        #expect(try stack.database.scalar("select count(*) from meterd.audit where action = 'catalog.apply'") == "0")
        let first = try stack.meterd(["apply", file])
        #expect(first.status == 0, "\(file): \(first.errors)")
        let entries = first.output.split(separator: "\n").dropLast()
        #expect(!entries.isEmpty && entries.allSatisfy { $0.hasPrefix("+ ") }, "\(first.output)")
        #expect(entries == dry.output.split(separator: "\n").dropLast())
        let second = try stack.meterd(["apply", file])
        #expect(second.output.hasSuffix("\nadded 0, changed 0, unchanged \(entries.count)\n"), "\(second.output)")
        #expect(
          try stack.database.scalar("select string_agg(detail ->> 'tzdata', ' ') from meterd.audit")?.isEmpty == false)
      }
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var catalog: String
    /// Of the tenant `howe`.
    var zone: String
    var says: String

    init(_ name: String, _ catalog: String, zone: String = "Australia/Lord_Howe", says: String) {
      testDescription = name
      (self.catalog, self.zone, self.says) = (catalog, zone, says)
    }
  }

  private static let meters = """
    meters: [{ name: calls, event: c, aggregate: count }]
    plans:
      - { name: small, version: 1, currency: EUR, usage: [{ meter: calls, included: "10" }] }
      - { name: tried, version: 1, currency: EUR, trial: 90m, usage: [] }
      - { name: yen, version: 1, currency: JPY, usage: [] }
    tenants:
      - { id: acme, time_zone: Europe/Berlin }
      - { id: howe, time_zone: Australia/Lord_Howe }

    """

  /// Each stands behind `meters`, in line 9.
  private static let refusals = [
    Refusal(
      "a start within a window",
      "subscriptions: [{ id: s, tenant: acme, plan: small, starts_at: 2026-11-01T00:30:00Z }]",
      says:
        "9:64: 'starts_at' of subscription 's': 2026-11-01T00:30:00Z is no boundary of windows of 1h; a 'rollup.window' of 15m would do"
    ),
    Refusal(
      "a start within every window",
      "subscriptions: [{ id: s, tenant: acme, plan: small, starts_at: 2026-11-01T00:00:00.5Z }]",
      says:
        "9:64: 'starts_at' of subscription 's': 2026-11-01T00:00:00.5Z is no boundary of windows of 1h; no 'rollup.window' would do"
    ),
    Refusal(
      "an end within a window",
      "subscriptions: [{ id: s, tenant: acme, plan: small, starts_at: 2026-11-01T00:00:00Z, ends_at: 2026-12-01T00:01:00Z }]",
      says:
        "9:95: 'ends_at' of subscription 's': 2026-12-01T00:01:00Z is no boundary of windows of 1h; a 'rollup.window' of 1m would do"
    ),
    Refusal(
      "a change within a window",
      "subscriptions: [{ id: s, tenant: acme, plan: small, starts_at: 2026-11-01T00:00:00Z, changes: [{ at: 2026-11-02T00:15:00Z, plan: tried }] }]",
      says:
        "9:96: 'changes.0' of subscription 's': 2026-11-02T00:15:00Z is no boundary of windows of 1h; a 'rollup.window' of 15m would do"
    ),
    Refusal(
      "a period that a clock change moves into a window",
      "subscriptions: [{ id: s, tenant: howe, plan: small, starts_at: 2026-11-01T00:00:00+11:00 }]",
      says:
        "9:64: 'starts_at' of subscription 's': a period would begin at 2027-04-30T13:30:00Z, which is no boundary of windows of 1h; a 'rollup.window' of 15m would do; correct it"
    ),
    Refusal(
      "a trial that ends within a window",
      "subscriptions: [{ id: s, tenant: acme, plan: tried, starts_at: 2026-11-01T00:00:00+01:00 }]",
      says:
        "9:64: 'starts_at' of subscription 's': a period would begin at 2026-11-01T00:30:00Z, which is no boundary of windows of 1h; a 'rollup.window' of 15m would do; correct it"
    ),
    Refusal(
      "a zone that is none", "subscriptions: []", zone: "Australia/Lord_How",
      says:
        "8:28: 'time_zone' of tenant 'howe': the system has no time zone 'Australia/Lord_How'; name one like Europe/Berlin, or install Debian's tzdata"
    ),
    Refusal(
      "a zone that leads elsewhere", "subscriptions: []", zone: "../zoneinfo/UTC",
      says:
        "8:28: 'time_zone' of tenant 'howe': the system has no time zone '../zoneinfo/UTC'; name one like Europe/Berlin, or install Debian's tzdata"
    ),
    Refusal(
      "two at a time",
      "subscriptions:\n  - { id: s, tenant: acme, plan: small, starts_at: 2026-11-01T00:00:00Z }\n  - { id: t, tenant: acme, plan: small, starts_at: 2027-11-01T00:00:00Z }",
      says: "11:52: 'starts_at' of subscription 't': the tenant has another one in force then, 's'; correct it"),
    Refusal(
      "a change to a plan in another currency",
      "subscriptions: [{ id: s, tenant: acme, plan: small, starts_at: 2026-11-01T00:00:00Z, changes: [{ at: 2026-12-01T00:00:00Z, plan: yen }] }]",
      says:
        "9:96: 'changes.0' of subscription 's': it is not in EUR, the currency of the plan; a change of currency is a new subscription; correct it"
    ),
    Refusal(
      "a year in which nobody is billed",
      "subscriptions: [{ id: s, tenant: acme, plan: small, starts_at: 2226-11-01T00:00:00Z }]",
      says: "9:64: 'starts_at' has a wrong value ('2226-11-01T00:00:00Z'; an instant from 1970 to 2200 with its offset"),
    Refusal(
      "a plan that is not there",
      "subscriptions: [{ id: s, tenant: acme, plan: large, starts_at: 2026-11-01T00:00:00Z }]",
      says: "9:46: 'plan' of subscription 's': there is no such plan; correct it"),
  ]

  @Test(arguments: refusals) func `what cannot be is refused with its place, and nothing of the file is done`(
    _ refusal: Refusal
  ) throws {
    try Stack.with { stack in
      let meters = Self.meters.replacingOccurrences(of: "Australia/Lord_Howe", with: refusal.zone)
      let file = try stack.folder.write(meters + refusal.catalog + "\n", to: "cat.yaml")
      let outcome = try stack.meterd(["apply", file])
      #expect(outcome.status == 65)
      #expect(outcome.errors.contains("cat.yaml:\(refusal.says)"), "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1)
      if try stack.database.scalar("select to_regclass('meterd.meter')") != nil {
        #expect(try stack.database.scalar("select count(*) from meterd.meter") == "0")
      }
    }
  }

  @Test func `shorter windows take what longer ones do not`() throws {
    try Stack.with { stack in
      let file = try stack.folder.write(
        Self.meters
          + "subscriptions: [{ id: s, tenant: howe, plan: small, starts_at: 2026-11-01T00:00:00+11:00 }]\n",
        to: "cat.yaml")
      let outcome = try stack.meterd(["apply", file], ["rollup.window": "15m"])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }

  @Test func `a tenant that moves takes its subscriptions along, or stays`() throws {
    try Stack.with { stack in
      try stack.apply(
        Self.meters + "subscriptions: [{ id: s, tenant: acme, plan: small, starts_at: 2026-11-01T00:00:00+01:00 }]\n")
      let moved = try stack.folder.write("tenants: [{ id: acme, time_zone: Australia/Lord_Howe }]\n", to: "moved.yaml")
      let outcome = try stack.meterd(["apply", moved])
      #expect(outcome.status == 65)
      #expect(
        outcome.errors.contains("moved.yaml: 'starts_at' of subscription 's': a period would begin at"),
        "\(outcome.errors)")
      #expect(try stack.database.scalar("select time_zone from meterd.tenant where id = 'acme'") == "Europe/Berlin")
      try stack.apply("tenants: [{ id: acme, time_zone: America/New_York }]\n")
    }
  }

  @Test func `what has begun stays what it is`() throws {
    try Stack.with { stack in
      let begun = "subscriptions: [{ id: s, tenant: acme, plan: small, starts_at: 2026-03-01T00:00:00Z }]\n"
      try stack.apply(Self.meters + begun)
      func refused(_ old: String, _ new: String) throws -> String {
        let file = try stack.folder.write(begun.replacingOccurrences(of: old, with: new), to: "next.yaml")
        let outcome = try stack.meterd(["apply", file])
        #expect(outcome.status == 65, "\(new)")
        return outcome.errors
      }
      #expect(
        try refused("acme", "howe").contains("next.yaml:1:34: 'tenant' of subscription 's': its first period has begun")
      )
      #expect(
        try refused("2026-03-01", "2026-02-01").contains("'starts_at' of subscription 's': its first period has begun"))
      #expect(try refused("starts_at", "cycle: yearly, starts_at").contains("'cycle' of subscription 's'"))
      #expect(
        try refused("small", "yen").contains(
          "'plan' of subscription 's': its first period has begun; a change of currency"))
      #expect(try refused("starts_at", "trial: 14d, starts_at").contains("without a trial, and stays so"))
      // Another one before it is told of by its own end, which is too late.
      let before = try stack.folder.write(
        "subscriptions: [{ id: r, tenant: acme, plan: small, starts_at: 2026-01-01T00:00:00Z, ends_at: 2026-04-01T00:00:00Z }]\n",
        to: "before.yaml")
      let overlapping = try stack.meterd(["apply", before])
      #expect(overlapping.status == 65)
      #expect(
        overlapping.errors.contains(
          "before.yaml:1:95: 'ends_at' of subscription 'r': the tenant has another one in force then, 's'"),
        "\(overlapping.errors)")
      let verified = try stack.meterd(["verify"])
      #expect(verified.status == 0, "\(verified.output)")
    }
  }

  @Test func `what is used is never altered, and what is not may be`() throws {
    try Stack.with { stack in
      try stack.apply(Self.meters)
      func apply(_ text: String) throws -> Stack.Outcome {
        try stack.meterd(["apply", try stack.folder.write(text, to: "next.yaml")])
      }
      // A plan names the meter, nobody the plan.
      let meter = try apply("meters: [{ name: calls, event: d, aggregate: count }]\n")
      #expect(meter.status == 65)
      #expect(
        meter.errors.contains("next.yaml:1:32: 'event' of meter 'calls': a meter that a plan names"), "\(meter.errors)")
      let plan = #"plans: [{ name: small, version: 1, currency: EUR, usage: [{ meter: calls, included: "20" }] }]"#
      #expect(try apply(plan + "\n").output.hasPrefix("~ plan small version 1 (usage)\n"))
      try stack.apply("subscriptions: [{ id: s, tenant: acme, plan: small, starts_at: 2026-11-01T00:00:00Z }]\n")
      #expect(try apply(plan + "\n").output.hasPrefix("= plan small version 1\n"))
      let altered = try apply(plan.replacingOccurrences(of: "20", with: "30") + "\n")
      #expect(altered.status == 65)
      #expect(
        altered.errors.contains(
          "next.yaml:1:58: 'usage' of plan 'small version 1': a version of a plan that a subscription has named is never altered; give what is changed a new version"
        ),
        "\(altered.errors)")
      // Not even when nobody names it any more.
      try stack.apply("plans: [{ name: other, version: 1, currency: EUR, usage: [] }]\n")
      try stack.apply(
        "subscriptions: [{ id: s, tenant: acme, plan: other, starts_at: 2026-11-01T00:00:00Z }]\n")
      #expect(try apply(plan.replacingOccurrences(of: "20", with: "30") + "\n").status == 65)
    }
  }
}
