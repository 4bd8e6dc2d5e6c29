import Glibc
import MeterModel

let usage = "meterd-flush-bench [--rows N] [--flushes N] [--connections N]"
var size = FlushBench.Size()
var words = Array(CommandLine.arguments.dropFirst())
while !words.isEmpty {
  let word = words.removeFirst()
  guard let value = words.isEmpty ? nil : Int(words.removeFirst()), (1...10_000_000).contains(value) else {
    print(usage)
    exit(ExitStatus.usage.rawValue)
  }
  switch word {
  case "--rows": size.rows = value
  case "--flushes": size.flushes = value
  case "--connections": size.connections = value
  default:
    print(usage)
    exit(ExitStatus.usage.rawValue)
  }
}
do {
  try FlushBench(size).run { print($0) }
} catch {
  print("flush bench: \(error)")
  exit(ExitStatus.bug.rawValue)
}
