import MeterModel
import Testing

@testable import MeterConfig

@Suite struct YAMLDocumentTests {
  private func document(_ text: String, _ purpose: YAMLDocument.Purpose = .catalog) throws -> YAMLDocument {
    try YAMLDocument(Array(text.utf8), file: "f", purpose: purpose)
  }

  private func complaint(_ bytes: [UInt8], _ purpose: YAMLDocument.Purpose = .catalog) -> Complaint? {
    #expect(throws: Complaint.self) { try YAMLDocument(bytes, file: "f", purpose: purpose) }
  }

  @Test func `every node knows its place, counted from one in characters`() throws {
    let root = try #require(try document("ä: [1, 'ö']\nb:\n  c: |\n    text\n").root)
    guard case .mapping(let pairs) = root.content, case .sequence(let items) = pairs[0].value.content,
      case .mapping(let inner) = pairs[1].value.content, case .scalar(let text, let style) = inner[0].value.content
    else {
      Issue.record("another shape")
      return
    }
    #expect(root.mark == YAMLMark(line: 1, column: 1))
    #expect(pairs.map(\.key) == ["ä", "b"])
    #expect(items.map(\.mark) == [YAMLMark(line: 1, column: 5), YAMLMark(line: 1, column: 8)])
    #expect(inner[0].mark == YAMLMark(line: 3, column: 3))
    #expect(text == "text\n")
    #expect(style == .quoted)
  }

  @Test func `pairs keep the order of the file`() throws {
    let root = try #require(try document("{ z: 1, a: 2, m: 3 }").root)
    guard case .mapping(let pairs) = root.content else { return }
    #expect(pairs.map(\.key) == ["z", "a", "m"])
  }

  @Test func `only a bare nothing is nothing`() throws {
    for text in ["~", "null", ""] { #expect(try document("a: \(text)").root.isNothing(at: "a")) }
    for text in ["'~'", "\"null\"", "''", "nil", "0"] { #expect(try !document("a: \(text)").root.isNothing(at: "a")) }
  }

  @Test func `a file of blanks and comments has no root`() throws {
    #expect(try document("").root.map(\.mark) == nil)
    #expect(try document("# nothing\n\n").root.map(\.mark) == nil)
  }

  @Test func `two spellings of an accented letter are two keys`() throws {
    let root = try #require(try document("\u{E9}: 1\ne\u{301}: 2\n").root)
    guard case .mapping(let pairs) = root.content else { return }
    #expect(pairs.count == 2)
  }

  @Test func `64 levels are taken and 65 are not`() throws {
    let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    _ = try document(deepest)
    #expect(
      complaint(Array("[\(deepest)]".utf8))?.description
        == "catalog: f:1:65: the file is nested too deeply (at most 64 levels); nest it less")
    #expect(complaint(Array(repeating: UInt8(ascii: "["), count: 1 << 20)) != nil)
    #expect(complaint(Array(repeating: UInt8(ascii: "{"), count: 1 << 20)) != nil)
  }

  @Test func `a file beyond its size or its number of values is refused`() {
    #expect(
      complaint(Array(repeating: UInt8(ascii: " "), count: (1 << 20) + 1), .configuration)?.description
        == "config: f: the file is too large (1048577 bytes; at most 1MiB); make it smaller")
    let many = "[" + String(repeating: "1,", count: 20_000) + "]"
    #expect(
      complaint(Array(many.utf8), .configuration)?.problem == "the file has too many values (at most 20000)")
  }

  @Test(arguments: [
    ([0x61, 0x0A, 0xC3, 0xA4, 0xFF], "f:2:2"), ([0x61, 0x3A, 0x20, 0xC0, 0x80], "f:1:4"),
    ([0xED, 0xA0, 0x80], "f:1:1"),
    ([0x61, 0x3A, 0x20, 0x00], "f:1:4"), ([0xFE, 0xFF, 0x00, 0x61], "f:1:1"),
  ])
  func `bytes that are not UTF-8 text are refused with their place`(_ bytes: [UInt8], _ place: String) {
    #expect(complaint(bytes)?.place == "catalog: \(place)")
    #expect(complaint(bytes)?.status == .input)
  }

  @Test(arguments: [
    "%TAG ! tag:x,2000:\n---\na: 1\n", "a: ! b\n", "!!map { a: 1 }\n", "&a b: 1\n", "a: &x [1]\n", "*a : 1\n",
    "a: 1\n...\nb: 2\n", "? { a: 1 }\n: 2\n", "a: 1\na: 2\n", "--- a\n--- b\n", "- 1\nb: 2\n",
  ])
  func `what makes a file mean more than one reads is refused`(_ text: String) {
    #expect(complaint(Array(text.utf8)) != nil)
  }

  @Test func `every cut of the sample ends in a tree or one complaint`() {
    let bytes = Array(SampleFile.render().utf8)
    for count in stride(from: 0, to: bytes.count, by: 7) {
      do throws(Complaint) {
        _ = try Settings.parse(Array(bytes.prefix(count)), file: "f", environment: { _ in nil })
      } catch {
        #expect(error.status == .configuration && !error.description.contains("\n"))
      }
    }
  }

  @Test func `every changed byte of the sample ends in a tree or one complaint`() {
    let bytes = Array(SampleFile.render().utf8)
    var random = SeededNumbers(state: 20_261_121)
    for _ in 0..<2_000 {
      var changed = bytes
      changed[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      do throws(Complaint) {
        _ = try Settings.parse(changed, file: "f", environment: { _ in nil })
      } catch {
        #expect(error.status == .configuration && error.place.hasPrefix("config: f"))
      }
    }
  }
}

extension YAMLNode? {
  fileprivate func isNothing(at key: String) -> Bool {
    guard case .mapping(let pairs) = self?.content else { return false }
    return pairs.first { $0.key == key }?.value.isNothing ?? false
  }
}

/// A small generator, so that a failing run can be repeated.
struct SeededNumbers {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 24
  }
}
