import MeterModel
import TestDice
import Testing

@testable import PostgresEdge

@Suite struct NumericCodingTests {
  private func back(_ quantity: Quantity) -> Int128? {
    var bytes: [UInt8] = []
    NumericCoding.append(quantity, to: &bytes)
    return NumericCoding.units(of: bytes[4...])
  }

  @Test func `what is written is read again, at every scale and length`() {
    var dice = Dice(5)
    for scale in 0...12 {
      var units: Int128 = 1
      for _ in 0..<38 {
        for value in [units, -units, units - 1, units + Int128(dice.below(1_000)), units * 9]
        where abs(value) < Quantity.bound {
          #expect(back(Quantity(units: value, scale: scale)) == value, "\(value) at \(scale)")
        }
        units *= 10
      }
      #expect(back(Quantity(units: 0, scale: scale)) == 0)
    }
  }

  @Test(arguments: [[], [0, 0], [0, 0, 0, 0, 0xC0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0x80, 0, 0, 0]])
  func `what is no number is none`(_ bytes: [UInt8]) {
    #expect(NumericCoding.units(of: bytes[...]) == nil)
  }

  @Test func `a number beyond 128 bits is none`() {
    // 9999 to the power of nothing, sixty words long.
    let bytes: [UInt8] = [0, 60, 0, 59, 0, 0, 0, 0] + (0..<60).flatMap { _ in [0x27, 0x0F] as [UInt8] }
    #expect(NumericCoding.units(of: bytes[...]) == nil)
  }
}
