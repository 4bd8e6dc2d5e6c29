import MeterModel
import MeterOracle
import TestLogs

/// Usage by tenant, meter, dimensions and window, in a form that is quick to compare.
struct UsageSheet: Sendable {
  struct Row: Hashable {
    var series: Int32
    var windowStartSeconds: Int64
  }

  struct Sum: Equatable {
    /// Nil stands for more than an Int128 holds, which only several partitions together can reach.
    var units: Int128?
    var events: Int64
  }

  /// A series in full: tenant, meter, and every path with its value, each behind its length.
  struct Name: Hashable {
    var bytes: [UInt8] = []

    mutating func add(_ word: some Collection<UInt8>) {
      for shift in [0, 8] { bytes.append(UInt8(truncatingIfNeeded: word.count >> shift)) }
      bytes += word
    }
  }

  private(set) var names: [Name: Int32] = [:]
  private(set) var rows: [Row: Sum] = [:]

  init(_ usage: [OracleResults.Usage], _ catalog: HostileCatalog) {
    let scales = Dictionary(
      uniqueKeysWithValues: catalog.meters.map { (OracleText($0.definition.name), $0.definition.shownScale) })
    for line in usage {
      var name = Name()
      name.add(line.tenant.bytes)
      name.add(line.meter.bytes)
      for dimension in line.dimensions {
        name.add(dimension.path.bytes)
        name.add(dimension.value.bytes)
      }
      let series = names[name] ?? Int32(names.count)
      names[name] = series
      rows[Row(series: series, windowStartSeconds: line.windowStart)] = Sum(
        units: Self.units(line.quantity, scale: scales[line.meter] ?? 0), events: Int64(line.events))
    }
  }

  static func name(of definition: SeriesDefinition, _ meter: MeterDefinition) -> Name {
    var name = Name()
    name.add(definition.tenant)
    name.add(meter.name.utf8)
    for (path, value) in zip(definition.paths, definition.values) {
      name.add(path.utf8)
      name.add(value)
    }
    return name
  }

  /// Decimal text without exponent as units of a scale.
  private static func units(_ text: String, scale: Int) -> Int128? {
    var digits = text.utf8[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits.removeFirst() }
    var units: Int128 = 0
    var fraction: Int?
    func take(_ digit: UInt8) -> Bool {
      let (shifted, overflow) = units.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(Int128(digit))
      units = sum
      return !overflow && !carry
    }
    for byte in digits {
      if byte == UInt8(ascii: ".") {
        fraction = 0
        continue
      }
      guard take(byte - UInt8(ascii: "0")) else { return nil }
      fraction = fraction.map { $0 + 1 }
    }
    for _ in (fraction ?? 0)..<scale {
      guard take(0) else { return nil }
    }
    return isNegative ? -units : units
  }

  /// What the two differ in, as sentences; `other` was counted, `self` is what it should be.
  func differences(from other: [Row: Sum], named names: [Int32: String]) -> [String] {
    var lines: [String] = []
    for (row, sum) in other where rows[row] != sum {
      lines.append(
        "\(names[row.series] ?? "a series the recount does not know") \(row.windowStartSeconds): counted "
          + "\(Self.words(sum)), not \(rows[row].map(Self.words) ?? "nothing")")
    }
    for (row, sum) in rows where other[row] == nil {
      lines.append(
        "\(names[row.series] ?? "a series without definition") \(row.windowStartSeconds): counted nothing, "
          + "not \(Self.words(sum))")
    }
    return lines.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func words(_ sum: Sum) -> String { "\(sum.units.map { "\($0)" } ?? "beyond") x\(sum.events)" }
}

extension MeterDefinition {
  /// Counted things are whole, also distinct values.
  var shownScale: Int { aggregate == .unique ? 0 : quantityScale }
}
