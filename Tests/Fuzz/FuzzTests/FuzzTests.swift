import FuzzTargets
import Testing

@Suite struct FuzzTests {
  private static let mutations = 800

  @Test(arguments: FuzzTarget.allCases)
  func `every kept input holds what is promised`(_ target: FuzzTarget) throws {
    for file in try Corpus.files(target) {
      #expect(throws: Never.self, "Corpus/\(target.rawValue)/\(file.name)") { try target.check(file.bytes) }
    }
  }

  @Test(arguments: FuzzTarget.allCases)
  func `kept inputs with small changes hold what is promised`(_ target: FuzzTarget) throws {
    let inputs = try Corpus.files(target).map(\.bytes)
    var mutation = Mutation(seed: 1)
    for _ in 0..<Self.mutations {
      let bytes = mutation.change(mutation.pick(inputs), with: mutation.pick(inputs), bytesMax: FuzzTarget.bytesMax)
      #expect(throws: Never.self, "\(target.rawValue): \(bytes)") { try target.check(bytes) }
    }
  }

  @Test(arguments: FuzzTarget.allCases)
  func `a corpus is there and stays small`(_ target: FuzzTarget) throws {
    let files = try Corpus.files(target)
    #expect((5...60).contains(files.count))
    for file in files { #expect(file.bytes.count <= 2_048, "\(file.name)") }
  }
}
