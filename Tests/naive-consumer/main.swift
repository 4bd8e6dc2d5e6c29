import Glibc

// Two members of one group. The first stays; the second joins with SIGUSR1 and leaves with SIGUSR2; SIGTERM ends it all. It prints
// each assignment, and at the end which offsets never came.
let words = CommandLine.arguments
guard words.count == 4 else {
  print("usage: naive-consumer BROKERS TOPIC GROUP")
  exit(64)
}

// Before the first thread, so that all inherit the mask and the signals are taken here.
var signals = sigset_t()
unsafe sigemptyset(&signals)
for number in [SIGUSR1, SIGUSR2, SIGTERM] { unsafe sigaddset(&signals, number) }
unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)

let store = OffsetStore()
func member(_ name: String) -> Member {
  let member = Member(name, store)
  member.join(brokers: words[1], topic: words[2], group: words[3])
  return member
}

let first = member("first")
var second: Member?
while true {
  var number: Int32 = 0
  unsafe sigwait(&signals, &number)
  if number == SIGUSR1, second == nil {
    second = member("second")
  } else {
    second?.leave()
    second = nil
    if number == SIGTERM { break }
    print("second left")
    fflush(nil)
  }
}
first.leave()
store.report()
exit(0)
