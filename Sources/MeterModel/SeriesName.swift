/// Makes the key of a series from keyed hashes of its parts: the tenant, the meter, then every dimension value in the meter's order.
///
/// Each part goes in by steps that can be undone, 128 bits at a time, so that no two lists of one length meet by themselves; the hashes
/// that go in are keyed, so that nobody can make them meet.
public struct SeriesName: Sendable {
  @usableFromInline var a: UInt64
  @usableFromInline var b: UInt64

  @inlinable
  public init(tenant: SeriesKey, meter: MeterID) {
    a = tenant.high
    b = tenant.low
    add(SeriesKey(high: UInt64(UInt32(bitPattern: meter.number)), low: 0))
  }

  @inlinable
  public mutating func add(_ part: SeriesKey) {
    a = (Self.turned(a ^ part.high, 27) &+ b) &* 0x9E37_79B9_7F4A_7C15
    b = (Self.turned(b ^ part.low, 31) &+ a) &* 0xBF58_476D_1CE4_E5B9
  }

  @inlinable
  public var key: SeriesKey {
    let high = Self.stirred(a &+ b)
    let low = Self.stirred(b &+ (a &+ b))
    return SeriesKey(high: high &+ low, low: low &+ (high &+ low))
  }

  /// Tenant and meter alone, as long as no dimension was added: what `series.max_per_meter` bounds. Never zero.
  @inlinable
  public var group: UInt64 { key.low | 1 }

  @inlinable
  static func turned(_ x: UInt64, _ bits: UInt64) -> UInt64 { x << bits | x >> (64 &- bits) }

  @inlinable
  static func stirred(_ number: UInt64) -> UInt64 {
    var x = number
    x = (x ^ (x >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    x = (x ^ (x >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return x ^ (x >> 33)
  }
}
