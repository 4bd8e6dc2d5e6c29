/// The one of `names` that a person most likely meant by `word`, if any is close enough to be offered.
///
/// Close is one slip (a letter wrong, missing, surplus, or two swapped) per three letters, at most three: further
/// apart, a suggestion misleads more often than it helps. Of equals the first wins, so the answer never varies.
func nearestName(to word: String, among names: [String]) -> String? {
  let letters = Array(word.utf8)
  guard (1...64).contains(letters.count) else { return nil }
  let slipsMax = max(1, min(3, letters.count / 3))
  var best: (name: String, slips: Int)?
  for name in names {
    let slips = slipsBetween(letters, Array(name.utf8))
    if slips <= slipsMax, slips < best?.slips ?? .max { best = (name, slips) }
  }
  return best?.name
}

/// Edit distance with neighbouring swaps counted as one, over three rolling rows.
private func slipsBetween(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var slips = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { slips = min(slips, beforeLast[j - 1] + 1) }
      row.append(slips)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
