import Glibc
import MeterSimulation

/// `meterd-sim --seed N --events M --seeds K`: the search for a seed that breaks a law. Ends with 0 when none does, with 1 when one does,
/// with 64 when it was called wrongly.
struct Options {
  var seed: UInt64 = 1
  var events = 10_000
  var seeds: UInt64 = 1
  var tells = false
  var plants = false

  init?(_ words: [String]) {
    var words = words[...]
    while let word = words.popFirst() {
      switch word {
      case "--tell": tells = true
      case "--plant": plants = true
      case "--seed", "--events", "--seeds":
        guard let number = words.popFirst().flatMap({ UInt64($0) }), number > 0, number < 1 << 40 else { return nil }
        if word == "--seed" { seed = number }
        if word == "--events" { events = Int(number) }
        if word == "--seeds" { seeds = number }
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

func search(_ options: Options) throws -> Int32 {
  var search = Search(records: options.events)
  let began = ContinuousClock.now
  var failures = 0
  var counted = 0
  for (number, seed) in (options.seed..<options.seed + options.seeds).enumerated() {
    let one = try search.run(seed, narrator: options.tells ? { say($0) } : nil)
    counted += one.incidents.counted
    if let flaw = one.flaw {
      failures += 1
      let isPlain = search.shared?.firstDisagreement == nil
      say(
        "seed \(seed) of \(options.events) events: \(flaw)\(isPlain ? "" : " (the counting itself differs)"); "
          + "replay with: deploy/dev sim --seed \(seed) --events \(options.events) --tell")
    } else if options.seeds == 1 {
      say("seed \(seed): \(one.incidents.words); tables \(hex(one.state)), trace \(hex(one.trace))")
    }
    if (number + 1) % 1_000 == 0 {
      say("\(number + 1) seeds in \(milliseconds(since: began) / 1_000) s, \(failures) failed")
    }
  }
  say("\(options.seeds) seeds, \(counted) records in \(milliseconds(since: began)) ms; \(failures) failed")
  return failures == 0 ? 0 : 1
}

func hex(_ number: UInt64) -> String {
  let digits = String(number, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// Which seed catches each planted bug first.
func plant(_ options: Options) throws -> Int32 {
  var missed: Int32 = 0
  for bug in PlantedBug.allCases {
    var search = Search(records: options.events)
    let began = ContinuousClock.now
    var events = 0
    var caught: Experiment?
    for seed in options.seed..<options.seed + options.seeds where caught == nil {
      let one = try search.run(seed, planted: bug)
      events += one.incidents.counted
      if one.flaw != nil { caught = one }
    }
    if let caught {
      say(
        "\(bug.rawValue) | seed \(caught.seed) | \(events) events | \(milliseconds(since: began)) ms | \(caught.flaw ?? "")"
      )
    } else {
      missed = 1
      say("\(bug.rawValue) | no seed | \(events) events | \(milliseconds(since: began)) ms | not caught")
    }
  }
  return missed
}

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
  say("sim: takes --seed N, --events M and --seeds K, whole numbers from 1 on, and --tell or --plant")
  exit(64)
}
exit(try options.plants ? plant(options) : search(options))
