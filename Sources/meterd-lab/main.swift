import Glibc
import MeterConfig
import MeterLab
import MeterModel

/// `meterd-lab`: one word chooses the command; each has a file of its own.
let words = Array(CommandLine.arguments.dropFirst())
let outcome: ExitStatus
do throws(Complaint) {
  switch try Arguments.read(words, for: commands(for: words)) {
  case .help(let text):
    print(text + notes(on: words.first ?? ""), terminator: "")
    outcome = .done
  case .run(let arguments):
    outcome = try run(arguments)
  }
} catch {
  complain(error)
  outcome = error.status
}
exit(outcome.rawValue)

func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
  switch arguments.command {
  case "broker": try Broker.run(arguments)
  case "load": try Load.run(arguments)
  case "oracle": try Recount.run(arguments)
  default: preconditionFailure("every command of the table is dispatched here")
  }
}
