import CFuzzer
import FuzzTargets
import Glibc
import Synchronization

/// What one run of the fuzzer remembers. libFuzzer calls back a C function, which can carry nothing along.
private enum Run {
  static let target = Mutex<FuzzTarget?>(nil)
  static let slowestNanoseconds = Atomic<UInt64>(0)
}

/// `meterd-fuzz TARGET [libFuzzer's arguments]`. SwiftPM makes this symbol the program's `main`, ahead of the one that
/// libFuzzer's archive has.
@_cdecl("meterd_fuzz_main")
func begin(_ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32 {
  guard count >= 2, let word = unsafe words[1], let target = unsafe FuzzTarget(rawValue: String(cString: word)) else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
    complain("fuzz: a target is missing or unknown; name one of: \(names)\n")
    return 64
  }
  Run.target.withLock { $0 = target }
  atexit { complain("slowest input: \(Run.slowestNanoseconds.load(ordering: .relaxed) / 1_000) us\n") }
  // The target's name leaves the arguments, the program's stays in front.
  unsafe words[1] = words[0]
  var rest = count - 1
  var arguments = unsafe Optional(words + 1)
  return unsafe LLVMFuzzerRunDriver(&rest, &arguments, check)
}

/// A contradiction traps, which is how libFuzzer learns of it and keeps the input.
private func check(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  guard let target = Run.target.withLock({ $0 }) else { return 0 }
  let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  let began = ContinuousClock.now
  do throws(Contradiction) {
    try target.check(input)
  } catch {
    complain("contradiction: \(error)\n")
    abort()
  }
  let spent = (ContinuousClock.now - began).components
  let nanoseconds = UInt64(spent.seconds) * 1_000_000_000 + UInt64(spent.attoseconds / 1_000_000_000)
  Run.slowestNanoseconds.max(nanoseconds, ordering: .relaxed)
  return 0
}

private func complain(_ text: String) {
  var text = text
  text.withUTF8 { bytes in _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
}
