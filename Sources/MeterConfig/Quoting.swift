/// A value as messages show it: in single quotes and never longer than a line can bear.
func quoted(_ text: String) -> String {
  let scalarsMax = 60
  let scalars = text.unicodeScalars
  guard scalars.count > scalarsMax else { return "'\(text)'" }
  return "'\(String(String.UnicodeScalarView(scalars.prefix(scalarsMax))))…'"
}

/// Words for a sentence: `a`, `a or b`, `a, b or c`.
func alternatives(_ words: [String]) -> String {
  guard let last = words.last, words.count > 1 else { return words.first ?? "" }
  return words.dropLast().joined(separator: ", ") + " or " + last
}
