import MeterModel

@testable import MeterOracle
@testable import MeterWire

/// The fast reader and the plain one take the same texts, wherever in memory they stand.
enum JSONCheck {
  static func run(_ bytes: [UInt8]) throws(Contradiction) {
    let alone = fault(bytes, before: [], after: [])
    // Neighbours that would complete a text which stops short, or break one that does not.
    let inside = fault(bytes, before: Array("[\"1".utf8), after: Array("1\"]}".utf8))
    try require(alone == inside, "alone the text is \(said(alone)), between others \(said(inside))")
    // The two readers have different bounds on depth; below both they must agree.
    guard bytes.count(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }) <= JSONText.depthMax else {
      return
    }
    let isUTF8 = UTF8Check.isValid(bytes)
    try require((alone == .notUTF8) == !isUTF8, "the text is \(said(alone)), but UTF-8: \(isUTF8)")
    guard isUTF8 else { return }
    let plain = (try? JSONReader.value(of: bytes)) != nil
    try require((alone == nil) == plain, "the text is \(said(alone)), but JSON to the plain reader: \(plain)")
  }

  private static func said(_ fault: JSONFault?) -> String { fault.map { "refused (\($0))" } ?? "taken" }

  private static func fault(_ text: [UInt8], before: [UInt8], after: [UInt8]) -> JSONFault? {
    var json = JSONText(capacity: max(1, text.count))
    let arena = before + text + after + [UInt8](repeating: 0, count: RecordBatch.padding)
    return json.read(arena.span, start: before.count, length: text.count)
  }
}
