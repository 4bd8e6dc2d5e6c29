import MeterConfig
import MeterModel
import TestDice
import TestGolden
import Testing

@testable import MeterRating

@Suite struct PriceTests {
  private static let vectors = GoldenVector.all("prices")

  private static func decimal(_ text: String?) throws -> Decimal { try #require(text.flatMap { Decimal($0) }) }

  private static func price(_ fields: GoldenFields) throws -> Price {
    func quantity(_ name: String, in fields: GoldenFields) -> Quantity {
      fields.text(name).flatMap { Quantity(text: $0) } ?? Quantity(units: 0, scale: 0)
    }
    let tiers = fields.objects("tiers").map { tier in
      Price.Tier(
        upTo: tier.text("up_to").flatMap { Quantity(text: $0) }, unit: quantity("unit", in: tier),
        flat: quantity("flat", in: tier))
    }
    switch fields.text("model") {
    case "per_unit": return Price(.perUnit(quantity("unit", in: fields)))
    case "graduated": return Price(.graduated(tiers))
    case "volume": return Price(.volume(tiers))
    default: return Price(.package(size: quantity("size", in: fields), price: quantity("price", in: fields)))
    }
  }

  @Test func `all golden prices are here`() { #expect(Self.vectors.count >= 45) }

  @Test(arguments: vectors) func `golden prices come to the last digit`(_ vector: GoldenVector) throws {
    let (given, expect) = (try vector.given, try vector.expect)
    let digits = try #require(given.text("currency").flatMap { Currency($0) }).digits
    let isFree = given.flag("trial") == true
    guard given.text("kind") == "period" else {
      _ = try line(given, expect, digits, isFree: isFree)
      return
    }
    var total = Decimal.zero
    let lines = expect.objects("lines")
    for (number, line) in given.objects("lines").enumerated() {
      total = total + (try self.line(line, lines[number], digits, isFree: isFree))
    }
    let lack = isFree ? Decimal.zero : try Self.decimal(given.text("minimum")) - total
    let minimum = lines.last.flatMap { $0.text("kind") == "minimum" ? $0.text("amount") : nil }
    #expect((lack > .zero ? lack.written(digits: digits) : nil) == minimum)
    #expect((total + max(lack, .zero)).written(digits: digits) == expect.text("total"))
  }

  /// What one line comes to, rounded.
  private func line(
    _ given: GoldenFields, _ expect: GoldenFields, _ digits: Int, isFree: Bool
  ) throws -> Decimal {
    let above = try Self.decimal(given.text("quantity")) - (try Self.decimal(given.text("included")))
    let overage = max(.zero, above)
    let price = try Self.price(try #require(given.object("price")))
    let exact = isFree ? Decimal.zero : price.amount(of: overage)
    #expect(try overage == Self.decimal(expect.text("overage")))
    #expect(try exact == Self.decimal(expect.text("amount_exact")))
    #expect(exact.rounded(digits: digits).written(digits: digits) == expect.text("amount"))
    if expect.has("tiers") {
      let shares = price.shares(of: overage).map { [$0.quantity, $0.unit, $0.flat, $0.amount] }
      let wanted = try expect.objects("tiers").map { tier in
        try ["quantity", "unit", "flat", "amount"].map { try Self.decimal(tier.text($0)) }
      }
      #expect(shares == wanted)
    }
    return exact.rounded(digits: digits)
  }

  @Test func `decimals obey the laws of numbers`() {
    var dice = Dice(7)
    func number() -> Decimal {
      let whole = Decimal(dice.below(1 << 40) - (1 << 39))
      return dice.once(in: 2) ? whole : whole.divided(by: Decimal(1_000), digits: 3)
    }
    for _ in 0..<5_000 {
      let (a, b, c) = (number(), number(), number())
      #expect((a + b) * c == a * c + b * c)
      #expect(a - b == -(b - a))
      #expect((a < b) == (b - a > .zero))
      guard !c.isZero else { continue }
      // Off by half of the last digit at most.
      let rest = a.divided(by: c, digits: 6) * c - a
      let bound = max(c, -c)
      #expect(rest * Decimal(2_000_000) <= bound && -rest * Decimal(2_000_000) <= bound)
    }
  }
}
