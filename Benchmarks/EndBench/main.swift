import Foundation

let usage = """
  meterd-end-bench e2e [--events N] [--partitions N] [--runs N] [--limited TENANTS]
  meterd-end-bench recovery [--identities N] [--series N] [--partitions N] [--rate N] [--tenants N]
  """

func end(_ line: String, _ status: Int32) -> Never {
  FileHandle.standardError.write(Data((line + "\n").utf8))
  exit(status)
}

var words = Array(CommandLine.arguments.dropFirst())
let what = words.isEmpty ? "" : words.removeFirst()
var ratio = Ratio.Size()
var recovery = Recovery.Size()
while !words.isEmpty {
  let word = words.removeFirst()
  guard let value = words.isEmpty ? nil : Int(words.removeFirst()), (1...100_000_000).contains(value) else {
    end(usage, 64)
  }
  switch (what, word) {
  case ("e2e", "--events"): ratio.events = value
  case ("e2e", "--partitions"): ratio.partitions = value
  case ("e2e", "--runs"): ratio.runs = value
  case ("e2e", "--limited"): ratio.limited = value
  case ("recovery", "--identities"): recovery.identities = value
  case ("recovery", "--series"): recovery.series = value
  case ("recovery", "--partitions"): recovery.partitions = value
  case ("recovery", "--rate"): recovery.rate = value
  case ("recovery", "--tenants"): recovery.tenants = value
  default: end(usage, 64)
  }
}
func show(_ line: String) {
  print(line)
  fflush(nil)
}
do {
  switch what {
  case "e2e": try Ratio(size: ratio, programs: BenchPrograms()).run(show)
  case "recovery": try Recovery(size: recovery).run(show)
  default: end(usage, 64)
  }
} catch {
  end("end bench: \(error)", 70)
}
