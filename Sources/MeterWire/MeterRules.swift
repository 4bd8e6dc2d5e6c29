import CXXHash
import MeterModel

/// The catalog's meters, compiled for reading events: from a type to the meters that want it, the paths they take, and in which order.
///
/// All tables are flat arrays of plain values, so that reading an event follows indices and touches no reference count.
public struct MeterRules: Sendable {
  public static let dimensionsMax = 16

  struct TypeRule {
    var hash: UInt64
    var text: Int32
    var length: Int32
    var firstMeasure: Int32
    var measureCount: Int32
    var firstField: Int32
    var fieldCount: Int32
  }

  struct MeasureRule {
    var meter: Int32
    var id: MeterID
    var aggregate: MeterDefinition.Aggregate
    /// Index among the type's fields, -1 for a count.
    var valueField: Int32
    var scale: Int32
    var firstDimension: Int32
    var dimensionCount: Int32
    /// Whether its events can be voided and adjusted.
    var isCorrectable: Bool
    /// Whether its value is any scalar and not a number.
    var isUnique: Bool
    var isLimited: Bool

    @inline(__always)
    func measure(_ series: SeriesKey, firstDimension: Int, units: Int128) -> EventBatch.Measure {
      EventBatch.Measure(
        series: series, meter: meter, id: id, aggregate: aggregate, scale: Int(aggregate == .count ? 0 : scale),
        firstDimension: Int32(truncatingIfNeeded: firstDimension), dimensionCount: Int(dimensionCount),
        isLimited: isLimited, units: units)
    }
  }

  /// A path below `data`, shared by all meters of the type that take it.
  struct FieldRule {
    var firstSegment: Int32
    var segmentCount: Int32
  }

  struct Segment {
    var text: Int32
    var length: Int32
  }

  public let meters: [Meter]
  /// Keys every hash of this installation.
  public let seed: UInt64
  /// Hash of the dimension value `~other`.
  let other: SeriesKey
  let types: [TypeRule]
  /// Open addressing over `types`, a power of two, -1 where empty.
  let typeSlots: [Int32]
  let measures: [MeasureRule]
  /// Field indices of the measures' dimensions.
  let dimensionFields: [Int32]
  let fields: [FieldRule]
  let segments: [Segment]
  let text: [UInt8]
  /// The most fields any type has.
  let fieldsMax: Int
  /// Whether any meter is limited.
  public let hasLimits: Bool

  public init(meters: [Meter], seed: UInt64) {
    self.meters = meters
    hasLimits = meters.contains(where: \.isLimited)
    self.seed = seed
    other = Fingerprint.name("~other".utf8, seed: seed)
    var draft = Draft()
    // Names are compared as bytes: String would take two spellings of one character for the same name.
    let events = meters.map { Array($0.definition.event.utf8) }
    var typeNames: [[UInt8]] = []
    for event in events where !typeNames.contains(event) { typeNames.append(event) }
    for name in typeNames {
      draft.addType(name, meters.indices.filter { events[$0] == name }.map { ($0, meters[$0]) })
    }
    types = draft.types
    measures = draft.measures
    dimensionFields = draft.dimensionFields
    fields = draft.fields
    segments = draft.segments
    text = draft.text
    fieldsMax = draft.fieldsMax
    var slots = [Int32](repeating: -1, count: 8)
    while slots.count < 2 * draft.types.count { slots += slots }
    for (index, type) in draft.types.enumerated() {
      var slot = Int(truncatingIfNeeded: type.hash) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(index)
    }
    typeSlots = slots
  }

  /// What a tenant is called in the core.
  public func key(ofTenant tenant: some Collection<UInt8>) -> SeriesKey { Fingerprint.name(tenant, seed: seed) }

  /// Index of the rule of a type that at least one meter wants, -1 if none does.
  @inline(__always)
  func type(_ name: EventBatch.Bytes, _ arena: Swift.Span<UInt8>, _ scratch: [UInt8]) -> Int {
    let hash = Fingerprint.hash64(name, arena, scratch, seed: 0)
    var slot = Int(truncatingIfNeeded: hash) & (typeSlots.count &- 1)
    while typeSlots[slot] >= 0 {
      let rule = types[Int(typeSlots[slot])]
      if rule.hash == hash, rule.length == Int32(bitPattern: name.length) {
        var same = true
        for at in 0..<Int(rule.length) {
          let byte = name.isScratch ? scratch[name.start &+ at] : arena[name.start &+ at]
          if byte != text[Int(rule.text) &+ at] { same = false }
        }
        if same { return Int(typeSlots[slot]) }
      }
      slot = (slot &+ 1) & (typeSlots.count &- 1)
    }
    return -1
  }

  /// Unseeded: the types are the operator's, nobody gains by making two of them share a slot.
  @inline(__always)
  static func hash(_ bytes: UnsafePointer<UInt8>?, _ length: Int) -> UInt64 {
    unsafe cxxhash_64(bytes, length, 0)
  }

  private struct Draft {
    var types: [TypeRule] = []
    var measures: [MeasureRule] = []
    var dimensionFields: [Int32] = []
    var fields: [FieldRule] = []
    var segments: [Segment] = []
    var text: [UInt8] = []
    var fieldsMax = 0

    mutating func addType(_ bytes: [UInt8], _ meters: [(Int, Meter)]) {
      let hash = unsafe bytes.withUnsafeBufferPointer { unsafe MeterRules.hash($0.baseAddress, $0.count) }
      var rule = TypeRule(
        hash: hash, text: append(bytes), length: Int32(bytes.count), firstMeasure: Int32(measures.count),
        measureCount: 0,
        firstField: Int32(fields.count), fieldCount: 0)
      var paths: [[UInt8]: Int32] = [:]
      func field(_ path: String) -> Int32 {
        let path = Array(path.utf8)
        if let known = paths[path] { return known }
        let first = Int32(segments.count)
        for part in path.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
          segments.append(Segment(text: append(Array(part)), length: Int32(part.count)))
        }
        fields.append(FieldRule(firstSegment: first, segmentCount: Int32(segments.count) - first))
        paths[path] = Int32(paths.count)
        return Int32(paths.count - 1)
      }
      for (index, numbered) in meters {
        let meter = numbered.definition
        let value = meter.value.map(field) ?? -1
        let dimensions = meter.dimensions.map(field)
        measures.append(
          MeasureRule(
            meter: Int32(index), id: numbered.id, aggregate: meter.aggregate, valueField: value,
            scale: Int32(meter.scale),
            firstDimension: Int32(dimensionFields.count), dimensionCount: Int32(dimensions.count),
            isCorrectable: meter.aggregate.isCorrectable, isUnique: meter.aggregate == .unique,
            isLimited: numbered.isLimited))
        dimensionFields += dimensions
      }
      rule.measureCount = Int32(measures.count) - rule.firstMeasure
      rule.fieldCount = Int32(fields.count) - rule.firstField
      fieldsMax = max(fieldsMax, Int(rule.fieldCount))
      types.append(rule)
    }

    private mutating func append(_ bytes: [UInt8]) -> Int32 {
      let at = Int32(text.count)
      text += bytes
      return at
    }
  }
}
