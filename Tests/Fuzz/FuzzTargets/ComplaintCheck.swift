import MeterModel

/// Whatever a file holds, its complaint is one line that names the file, a place in it, a problem and a way out.
enum ComplaintCheck {
  static func run(_ complaint: Complaint, status: ExitStatus, head: String, _ bytes: [UInt8]) throws(Contradiction) {
    let line = complaint.description
    try require(complaint.status == status, "status \(complaint.status): \(line)")
    try require(line.hasPrefix(head), "the place is not in the file: \(line)")
    try require(!complaint.problem.isEmpty && !complaint.remedy.isEmpty, "an empty complaint: \(line)")
    try require(line.utf8.count <= 2_000, "a line of \(line.utf8.count) bytes")
    try require(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "controls in: \(line)")
    let numbers = complaint.place.utf8.dropFirst(head.utf8.count).split(separator: UInt8(ascii: ":"))
      .compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count == 2 else { return }
    // YAML ends a line also at CR, NEL, LS and PS.
    let breaks = bytes.count { [0x0A, 0x0D, 0x85, 0xA8, 0xA9].contains($0) }
    try require((1...breaks + 2).contains(numbers[0]), "line \(numbers[0]) of \(breaks + 1)")
    try require((1...bytes.count + 2).contains(numbers[1]), "column \(numbers[1]) of \(bytes.count) bytes")
  }
}
