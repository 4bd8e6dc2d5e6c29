import Chaos
import Foundation

/// `meterd-chaos`: rounds of faults over real processes. Ends with 0 when every table of every round is as the recount has it, with 1 when
/// one is not, with 64 when it was called wrongly, and with 70 when the stand itself could not go on.
func say(_ line: String) {
  print(line)
  fflush(nil)
}

func complain(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

guard let options = ChaosOptions(Array(CommandLine.arguments.dropFirst())) else {
  complain(
    "chaos: takes --rounds N, --seed S, --from ROUND, --events M, --seconds T, --faults K, --alike K, whole numbers from 1 on, "
      + "--daemons N or A..B up to 4, --fault KIND,KIND, --results FILE, --log FILE, --sum FILE, --debug WORD,WORD, --keep and --tell"
  )
  exit(64)
}
do {
  let evidence = ProcessInfo.processInfo.environment["METERD_EVIDENCE"]
  let sitting = Sitting(options, evidence: evidence, say: say)
  if let path = options.log {
    try sitting.writeLog(to: path)
    exit(0)
  }
  let summary = try options.sum.map { try Sitting.sum($0) } ?? sitting.run()
  say(summary.text)
  exit(summary.isSound ? 0 : 1)
} catch {
  complain("chaos: \(error)")
  exit(70)
}
