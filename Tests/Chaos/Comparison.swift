/// How the tables of a round differ from its recount.
struct Comparison: Sendable {
  /// More are counted and not told.
  private static let toldMax = 8

  let rows: Int
  let differences: Int
  let told: [String]

  /// Nothing was compared.
  init() {
    rows = 0
    differences = 0
    told = []
  }

  init(_ recount: Recount, _ tables: Tables) {
    var count = tables.flaws.count
    var told = Array(tables.flaws.prefix(Self.toldMax))
    func compare(_ what: String, _ wanted: Set<Recount.Line>, _ seen: Set<Recount.Line>) {
      for (word, lines) in [("missing", wanted.subtracting(seen)), ("surplus", seen.subtracting(wanted))] {
        count += lines.count
        let spoken = lines.sorted { $0.lexicographicallyPrecedes($1) }.prefix(Self.toldMax)
        told += spoken.map { "\(what) \(word): \(Self.spoken($0))" }
      }
    }
    compare("accounting", recount.accounting, tables.accounting)
    compare("usage", recount.usage, tables.usage)
    compare("quarantine", recount.quarantine, tables.quarantine)
    compare("conflicts", recount.conflicts, tables.conflicts)
    rows = tables.rows
    differences = count
    self.told = told
  }

  /// The separators as a person reads them.
  private static func spoken(_ line: Recount.Line) -> String {
    String(
      decoding: line.map { byte in
        switch byte {
        case 29: UInt8(ascii: "=")
        case 30: UInt8(ascii: ",")
        case 31: UInt8(ascii: "|")
        default: byte
        }
      }, as: UTF8.self)
  }
}
