import Glibc
import MeterConfig
import MeterModel

/// `meterd`: one word chooses the command; each has a file of its own.
let outcome: ExitStatus
do throws(Complaint) {
  switch try Arguments.read(Array(CommandLine.arguments.dropFirst()), for: commands) {
  case .help(let text):
    print(text)
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
  case "run": try Run.run(arguments)
  case "check": try Check.run(arguments)
  case "migrate": try Migrate.run(arguments)
  case "apply": try Apply.run(arguments)
  case "usage": try Usage.run(arguments)
  case "limits": try Limits.run(arguments)
  case "tail": try Tail.run(arguments)
  case "partition list": try PartitionCommand.list(arguments)
  case "partition resume": try PartitionCommand.resume(arguments)
  case "partition reset": try PartitionCommand.reset(arguments)
  case "quarantine list": try QuarantineCommand.list(arguments)
  case "quarantine show": try QuarantineCommand.show(arguments)
  case "quarantine replay": try QuarantineCommand.replay(arguments)
  case "quarantine discard": try QuarantineCommand.discard(arguments)
  case "verify": try Verify.run(arguments)
  case "version": Version.run()
  default: preconditionFailure("every command of the table is dispatched here")
  }
}
