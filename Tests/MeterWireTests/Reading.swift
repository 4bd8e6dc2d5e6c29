import MeterModel
import MeterOracle

@testable import MeterWire

/// What `JSONText` makes of bytes that stand between others in an arena, so that whatever it reads beyond its bounds would show.
func fault(
  _ text: [UInt8], before: [UInt8] = [], after: [UInt8] = [], with json: inout JSONText
) -> JSONFault? {
  let arena = before + text + after + [UInt8](repeating: 0, count: RecordBatch.padding)
  return json.read(arena.span, start: before.count, length: text.count)
}

func isJSON(_ text: [UInt8], before: [UInt8] = [], after: [UInt8] = []) -> Bool {
  var json = JSONText(capacity: max(1, text.count))
  return fault(text, before: before, after: after, with: &json) == nil
}

func isJSON(_ text: String) -> Bool { isJSON(Array(text.utf8)) }
