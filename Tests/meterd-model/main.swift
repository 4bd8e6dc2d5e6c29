import Glibc
import ProtocolModel

/// `meterd-model [--large] [--literal]`: looks at everything that can happen to the commit protocol, then at what happens without each
/// of its guards. Ends with 0 when the protocol keeps its laws and every guard is seen to matter, with 1 when not, with 64 when it was
/// called wrongly.
struct Options {
  var scope = Scope.small

  init?(_ words: [String]) {
    for word in words {
      switch word {
      case "--large": scope = .large
      case "--literal": scope = .literal
      default: return nil
      }
    }
  }
}

func say(_ line: String) {
  print(line)
  fflush(nil)
}

func milliseconds(since began: ContinuousClock.Instant) -> Int64 {
  let spent = (ContinuousClock.now - began).components
  return spent.seconds * 1_000 + spent.attoseconds / 1_000_000_000_000_000
}

func lookAtProtocol(_ model: Model) -> Bool {
  let began = ContinuousClock.now
  let outcome = model.search()
  say(
    "\(outcome.states) states over \(model.machineStates) of the real machine, the farthest \(outcome.depth) steps away, in "
      + "\(milliseconds(since: began)) ms; \(outcome.breach == nil ? 0 : 1) violations")
  if let breach = outcome.breach { say("  \(breach.steps.count) steps | \(breach.words)") }
  if let nearest = outcome.nearestStranded {
    say("from \(outcome.stranded) of them it needs a rebalance to go on; the nearest:")
    say("  \(nearest.steps.count) steps | \(nearest.words)")
  }
  return outcome.breach == nil
}

/// What breaks first; and when that is no row of a table, because `apply` compares the cursor too, what becomes of the tables when it
/// does not.
func lookWithout(_ one: Guard, _ model: Model, _ prompt: Model) -> Bool {
  guard let breach = model.search(without: [one]).breach else {
    say("\(one.words) | nothing breaks")
    return false
  }
  say("\(one.words) | \(breach.steps.count) steps | \(breach.words)")
  guard !breach.law.isAboutTables, one != .cursorInApply else { return true }
  // Without late statements the cursor is not needed for anything else, so that what breaks is the guard's part.
  if let damage = prompt.search(without: [one, .cursorInApply], until: \.isAboutTables).breach {
    say("  … and apply does not compare the cursor | \(damage.steps.count) steps | \(damage.words)")
  }
  return true
}

func lookWithoutSpare(_ one: Guard, _ model: Model) -> Bool {
  let outcome = model.search(without: [one])
  say(
    "\(one.words) | \(outcome.breach.map { "\($0.steps.count) steps | \($0.words)" } ?? "\(outcome.states) states, 0 violations")"
  )
  return outcome.breach == nil
}

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
  say("model: takes --large and --literal")
  exit(64)
}
let model = Model(options.scope)
var promptScope = options.scope
promptScope.lateMax = 0
let prompt = Model(promptScope)
var isFine = lookAtProtocol(model)
say("the shortest way to a breach when")
for one in Guard.allCases where !Guard.spare.contains(one) { isFine = lookWithout(one, model, prompt) && isFine }
say("nothing breaks when")
for one in Guard.spare { isFine = lookWithoutSpare(one, model) && isFine }
exit(isFine ? 0 : 1)
