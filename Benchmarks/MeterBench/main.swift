import Glibc
import MeterModel

let usage = """
  meterd-bench [--small] [all | decode | dedupe | count | seal | core | judge | tables | memory] [--events N] [--runs N] [--duplicates PERCENT]
      [--tenants N] [--values N]
  meterd-bench make FILE [--events N] [--duplicates PERCENT] [--tenants N]
  meterd-bench file FILE
  """

do {
  try run(Array(CommandLine.arguments.dropFirst()))
} catch let complaint as Complaint {
  complain("\(complaint)", complaint.status)
} catch {
  complain("meterd-bench: \(error)", .bug)
}

func complain(_ line: String, _ status: ExitStatus) -> Never {
  let bytes = Array((line + "\n").utf8)
  unsafe _ = bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  exit(status.rawValue)
}

func run(_ words: [String]) throws {
  var size = words.contains("--small") ? Size.small : Size.large
  var percents = [0, 2]
  var names: [String] = []
  var at = 0
  while at < words.count {
    if words[at] == "--small" {
      at += 1
    } else if words[at].hasPrefix("--") {
      guard at + 1 < words.count, let number = Int(words[at + 1]), (0...100_000_000).contains(number) else {
        complain(usage, .usage)
      }
      switch words[at] {
      case "--events" where number > 0: (size.events, size.series, size.identities) = (number, number, number)
      case "--tenants" where number > 0: size.tenants = number
      case "--values" where number > 0: size.values = [100, 10, 1].map { max(1, number / $0) }
      case "--runs" where number > 0: size.runs = number
      case "--duplicates" where number <= 100: percents = [number]
      default: complain(usage, .usage)
      }
      at += 2
    } else {
      names.append(words[at])
      at += 1
    }
  }
  var report = Report(size)
  let show = { (line: String) in print(line) }
  switch (names.first ?? "all", names.count) {
  case ("make", 2):
    show(try EventFile.make(names[1], events: size.events, tenants: size.tenants, duplicatePercent: percents.last ?? 0))
  case ("file", 2): Report.file(try EventFile.count(names[1]), print: show)
  case ("tables", 1): report.tables(TableBench.Part.allCases, print: show)
  case ("memory", 1): report.memory(print: show)
  case ("all", 0...1):
    show("build \(Report.build)")
    report.core(CoreBench.Part.allCases, duplicatePercents: percents, print: show)
    report.tables(TableBench.Part.allCases, print: show)
    report.memory(print: show)
  case (let name, 1):
    guard let part = CoreBench.Part(rawValue: name) else { complain(usage, .usage) }
    report.core([part], duplicatePercents: percents, print: show)
  default: complain(usage, .usage)
  }
}
