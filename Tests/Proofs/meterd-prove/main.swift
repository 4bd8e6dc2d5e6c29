import Glibc
import Proofs

/// `meterd-prove decimals|times [--count N] [--seed S]`: the proofs of the tests, at any size.
private let usage = "prove: say 'decimals' or 'times', and perhaps --count N and --seed S\n"

private func complain(_ text: String, _ status: Int32) -> Never {
  var text = text
  text.withUTF8 { bytes in _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
  exit(status)
}

private func prove(_ what: String, _ count: Int?, seed: UInt64) throws(Mismatch) {
  switch what {
  case "decimals":
    var proof = DecimalProof(seed: seed)
    print("decimals: \(try proof.run(count ?? 10_000_000)), 0 mismatches (seed \(seed))")
  case "times":
    var proof = TimeProof(seed: seed)
    let texts = try proof.everyOffset(times: count ?? 2_000)
    print("times: \(texts) texts with every offset, \(try proof.everyDay()) days, 0 mismatches (seed \(seed))")
  default: complain(usage, 64)
  }
}

private var words = CommandLine.arguments.dropFirst()
private let what = words.popFirst() ?? ""
private var count: Int?
private var seed: UInt64 = 1
while let word = words.popFirst() {
  guard let number = words.popFirst().flatMap({ UInt64($0) }), number <= 1 << 40 else { complain(usage, 64) }
  switch word {
  case "--count" where number > 0: count = Int(number)
  case "--seed": seed = number
  default: complain(usage, 64)
  }
}
do throws(Mismatch) {
  try prove(what, count, seed: seed)
} catch {
  complain("prove: \(error)\n", 1)
}
