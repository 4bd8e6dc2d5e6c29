import CFuzzer
import FuzzTargets
import Glibc
import Synchronization

/// What one run of the fuzzer remembers. libFuzzer calls back a C function, which can carry nothing along.
private enum Run {
  static let target = Mutex<FuzzTarget?>(nil)
  static let slowestNanoseconds = Atomic<UInt64>(0)
}

/// Where a run leaves its target for those that it starts itself: a merge starts the program again for every input that ends it,
/// with the search's arguments and without ours.
private let heritage = "METERD_FUZZ_TARGET"

/// `meterd-fuzz TARGET [libFuzzer's arguments]`. SwiftPM makes this symbol the program's `main`, ahead of the one that
/// libFuzzer's archive has.
@_cdecl("meterd_fuzz_main")
func begin(_ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32 {
  let inherited = unsafe getenv(heritage).map { unsafe String(cString: $0) }
  let said = unsafe count >= 2 ? words[1].map { unsafe String(cString: $0) } : nil
  guard let target = (inherited ?? said).flatMap(FuzzTarget.init) else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
    complain("fuzz: a target is missing or unknown; name one of: \(names)\n")
    return 64
  }
  Run.target.withLock { $0 = target }
  atexit { complain("slowest input: \(Run.slowestNanoseconds.load(ordering: .relaxed) / 1_000) us\n") }
  let ours: Int32 = inherited == nil ? 1 : 0
  if ours > 0 {
    _ = unsafe setenv(heritage, target.rawValue, 1)
    // The target's name leaves the arguments, the program's stays in front.
    unsafe words[1] = words[0]
  }
  var rest = count - ours
  var arguments = unsafe Optional(words + Int(ours))
  return unsafe LLVMFuzzerRunDriver(&rest, &arguments, check)
}

/// A contradiction traps, which is how libFuzzer learns of it and keeps the input.
private func check(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  guard let target = Run.target.withLock({ $0 }) else { return 0 }
  let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  let began = processorNanoseconds()
  do throws(Contradiction) {
    try target.check(input)
  } catch {
    complain("contradiction: \(error)\n")
    abort()
  }
  Run.slowestNanoseconds.max(processorNanoseconds() - began, ordering: .relaxed)
  return 0
}

/// Of this thread: a busy machine makes no input slow.
private func processorNanoseconds() -> UInt64 {
  var time = timespec()
  _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

private func complain(_ text: String) {
  var text = text
  text.withUTF8 { bytes in _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
}
