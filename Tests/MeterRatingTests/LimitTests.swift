import MeterConfig
import MeterModel
import TestGolden
import Testing

@testable import MeterRating

@Suite struct LimitTests {
  private static let scale = 9
  private static let vectors = GoldenVector.all("limits")

  private static func quantity(_ text: String) throws -> Quantity { try #require(Quantity(text: text), "\(text)") }

  private static func units(_ text: String) throws -> Int128 {
    let isNegative = text.hasPrefix("-")
    let quantity = try quantity(isNegative ? String(text.dropFirst()) : text)
    let factor = try #require(Quantity.power(scale - quantity.scale))
    return isNegative ? -quantity.units * factor : quantity.units * factor
  }

  private static func terms(_ entry: GoldenFields) throws -> LimitTerms {
    let limit = entry.object("limit")
    return LimitTerms(
      included: try quantity(try #require(entry.text("included"))),
      mode: limit?.text("mode").flatMap(LimitTerms.Mode.init), at: try limit?.text("at").map(quantity),
      gracePercent: try limit?.text("grace_percent").map(quantity) ?? Quantity(units: 0, scale: 0),
      warnAt: try entry.texts("warn_at").map(quantity))
  }

  /// A tenant's use of one meter, and what is said of it.
  private struct Scene {
    var terms: LimitTerms
    var total: Int128 = 0
    var standing = LimitStanding()
    var told: [LimitStanding.Told] = []
    var said: [String] = []

    var ladder: [LimitThreshold] { LimitThreshold.ladder(terms, scale: LimitTests.scale) }

    mutating func note(_ events: [LimitStanding.Event], _ step: Int) {
      let used = Quantity(units: total, scale: LimitTests.scale)
      let limit = terms.mode == nil ? "-" : terms.at.description
      for event in events {
        switch event {
        case .recovered(let kinds):
          told.removeAll { kinds.contains($0.kind) }
          said.append("\(step) recovered - \(used) \(limit)")
        case .reached(let threshold):
          told.append(LimitStanding.Told(threshold.kind, threshold.total))
          let percent = threshold.kind == .warning ? threshold.percent?.description ?? "?" : "-"
          said.append("\(step) \(threshold.kind) \(percent) \(used) \(limit)")
        }
      }
    }

    mutating func move(by units: Int128, _ step: Int) {
      total += units
      note(standing.move(to: total, on: ladder), step)
    }
  }

  @Test func `all golden limits are here`() { #expect(Self.vectors.count >= 40) }

  @Test(arguments: vectors) func `golden limits are told of and answered`(_ vector: GoldenVector) throws {
    let (given, expect) = (try vector.given, try vector.expect)
    var scene = Scene(terms: try Self.terms(try #require(given.object("entry"))))
    var isSuspended = false
    for (number, step) in given.objects("steps").enumerated() {
      if let units = step.text("add") ?? step.text("adjust") {
        scene.move(by: try Self.units(units), number)
      } else if let units = step.text("void") {
        scene.move(by: -(try Self.units(units)), number)
      } else if let entry = step.object("limit") {
        scene.terms = try Self.terms(entry)
        // As whoever comes next is told.
        scene.standing = LimitStanding(scene.told, on: scene.ladder)
        scene.move(by: 0, number)
      } else if step.has("new_period") {
        scene.total = 0
        let wasLimited = scene.standing.isLimited
        (scene.standing, scene.told) = (LimitStanding(), [])
        if wasLimited, LimitStanding.endsLimits(with: 0, on: scene.ladder) { scene.note([.recovered([])], number) }
        scene.move(by: 0, number)
      } else if let suspend = step.flag("suspend") {
        isSuspended = suspend
      } else {
        let wanted = try #require(expect.objects("checks").first { $0.integer("step") == number })
        try check(step, wanted, scene, isSuspended)
      }
    }
    let wanted = expect.objects("events").map { event in
      let threshold = event.text("kind") == "warning" ? event.text("threshold") ?? "?" : "-"
      return
        "\(event.text("step") ?? "?") \(event.text("kind") ?? "?") \(threshold) \(event.text("used") ?? "?") \(event.text("limit") ?? "-")"
    }
    #expect(scene.said == wanted)
  }

  private func check(_ step: GoldenFields, _ wanted: GoldenFields, _ scene: Scene, _ isSuspended: Bool) throws {
    let answer = LimitAnswer(
      scene.terms, scale: Self.scale, used: scene.total, reserved: try step.text("reserved").map(Self.units) ?? 0,
      amount: try Self.units(try #require(step.text("check"))))
    #expect((answer.isAllowed && !isSuspended) == wanted.flag("allowed"))
    if wanted.has("remaining") { #expect(try answer.remaining == wanted.text("remaining").map(Self.units)) }
    if let percent = wanted.text("percent") { #expect(answer.percent == (try Self.units(percent)) / 10_000_000) }
    if let isThrottled = wanted.flag("throttled") { #expect(answer.isThrottled == isThrottled) }
  }
}
