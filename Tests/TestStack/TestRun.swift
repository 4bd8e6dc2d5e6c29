import Foundation
import Synchronization

/// This test process as the machine sees it: one folder that holds everything it writes, and one watchdog that clears
/// up.
///
/// The watchdog is a shell that outlives the test process by a moment. It reads a pipe of which only the test process
/// holds the other end, so it notices the end of the process however that came about, ends what the process had
/// started, and removes the folder. A normal exit closes the pipe and waits, so that there is one way of clearing up
/// and it is used every time. Both hold a lock on the folder; a folder without a lock belongs to a dead run whose
/// watchdog was killed too, and the next run sweeps it.
final class TestRun: Sendable {
  /// Made at first use.
  static var current: TestRun {
    get throws(StackFailure) { try outcome.get() }
  }

  private static let outcome: Result<TestRun, StackFailure> = Result { () throws(StackFailure) in try TestRun() }

  /// With METERD_KEEP set, processes are ended as always but the folder stays.
  static let isKept = !(ProcessInfo.processInfo.environment["METERD_KEEP"] ?? "").isEmpty

  /// The variable of the environment by which the watchdog knows what this run started, and what that started.
  static let mark = "METERD_TEST_RUN"

  let folder: String
  private let leash: Int32
  let watchdog: pid_t
  private let names = Atomic<Int>(0)

  private init() throws(StackFailure) {
    let base = TestRun.base
    var template = Array("\(base)/meterd-test-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw StackFailure(at: "test run", "cannot make a folder in '\(base)' (\(lastError()))", remedy: "set TMPDIR")
    }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // PostgreSQL runs as another user when we are root and must be able to pass through, but not to look around.
    unsafe chmod(folder, 0o711)
    unsafe mkdir("\(folder)/pids", 0o700)
    let lock = Descriptors.open("\(folder)/lock", O_CREAT | O_RDWR)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0, let pipe = Descriptors.pipe() else {
      throw StackFailure(at: "test run", "cannot lock '\(folder)' (\(lastError()))", remedy: "set TMPDIR")
    }
    if TestRun.isKept { close(Descriptors.open("\(folder)/keep", O_CREAT | O_WRONLY)) }
    leash = pipe.writing
    watchdog = try TestRun.startWatchdog(over: folder, leash: pipe.reading, lock: lock, sweeping: false)
    close(pipe.reading)
    atexit { try? TestRun.current.finish() }
    TestRun.sweep(base)
  }

  /// The lock stays open in this process for as long as it lives, on purpose.
  private static func startWatchdog(
    over folder: String, leash: Int32, lock: Int32, sweeping: Bool
  ) throws(StackFailure) -> pid_t {
    let null = Descriptors.open("/dev/null", O_RDWR)
    defer { close(null) }
    let launch = Spawner.Launch(
      arguments: ["/bin/sh", "-c", clearingUp, "meterd-test-watchdog", folder, sweeping ? "sweep" : "run"],
      environment: ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"],
      descriptors: [(leash < 0 ? null : leash, 0), (null, 1), (null, 2), (lock, 3)], leadsSession: true)
    switch Spawner.shared.start(launch) {
    case .success(let pid): return pid
    case .failure(let errno): throw StackFailure(at: "test run", "cannot start a watchdog (\(errno.text))")
    }
  }

  /// Sockets of PostgreSQL live in here and their whole path has 107 bytes at most, so a long TMPDIR is passed over.
  private static var base: String {
    let wanted = ProcessInfo.processInfo.environment["TMPDIR"] ?? ""
    return wanted.hasPrefix("/") && wanted.utf8.count <= 60 ? wanted : "/tmp"
  }

  /// `pids` holds a file for each process group, named for its leader, with the signal that ends it. PostgreSQL is
  /// asked to end by itself first, since only it can give its shared memory back; what it left when it was killed is
  /// removed by the number in its pid file. A server writes over its environment, so servers are known by their folder
  /// and all else by the mark. A sweep looks at no numbers from files, as they may be somebody else's by now.
  private static let clearingUp = #"""
    trap '' HUP INT TERM QUIT
    run=$1
    cd /
    while read -r _; do :; done
    servers() { find /proc -maxdepth 2 -name cwd -lname "$run/*/data*" 2>/dev/null | cut -d / -f 3; }
    started() {
      grep -lzxF "METERD_TEST_RUN=$run" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3
    }
    signal() {
      for file in "$run"/pids/*; do
        [ -f "$file" ] && read -r name <"$file" && kill -s "${1:-$name}" -- "-${file##*/}" 2>/dev/null
      done
    }
    if [ "$2" = run ]; then signal; signal CONT; fi
    for pid in $(servers); do kill -s CONT "$pid"; done
    tries=0
    while [ -n "$(servers)" ] && [ $tries -lt 60 ]; do sleep 0.05; tries=$((tries + 1)); done
    [ "$2" = run ] && signal KILL
    for pid in $(servers) $(started); do kill -s KILL "$pid"; done
    if [ "$2" = run ]; then
      for file in "$run"/*/data/postmaster.pid; do
        [ -f "$file" ] && ipcrm -m "$(sed -n 7p "$file" | tr -s ' ' | cut -d ' ' -f 3)" 2>/dev/null
      done
    fi
    for place in $(cut -d ' ' -f 2 /proc/mounts | grep -F "$run/" | sort -r); do umount -l "$place"; done
    [ -e "$run/keep" ] || rm -rf "$run"
    """#

  /// Removes what runs left whose watchdog could not. A run younger than a minute may not have its lock yet.
  private static func sweep(_ base: String) {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: base) else { return }
    for name in names where name.hasPrefix("meterd-test-") {
      let stale = "\(base)/\(name)"
      var status = stat()
      guard unsafe lstat(stale, &status) == 0, status.st_uid == geteuid(), status.st_mode & S_IFMT == S_IFDIR,
        unsafe access("\(stale)/keep", F_OK) != 0, unsafe stat("\(stale)/lock", &status) == 0,
        time(nil) - status.st_mtim.tv_sec > 60
      else { continue }
      let lock = Descriptors.open("\(stale)/lock", O_RDWR)
      if lock < 0 { continue }
      if flock(lock, LOCK_EX | LOCK_NB) == 0,
        let pid = try? startWatchdog(over: stale, leash: -1, lock: lock, sweeping: true)
      {
        _ = TestRun.wait(for: pid, within: .patience)
      }
      close(lock)
    }
  }

  /// Called at exit, also when a test failed.
  private func finish() {
    close(leash)
    if !TestRun.wait(for: watchdog, within: .patience) {
      FileHandle.standardError.write(Data("test run: '\(folder)' is still being removed\n".utf8))
    }
    if TestRun.isKept { FileHandle.standardError.write(Data("test run: kept '\(folder)'\n".utf8)) }
  }

  private static func wait(for pid: pid_t, within limit: Duration) -> Bool {
    let deadline = Deadline(within: limit)
    while true {
      var status: Int32 = 0
      let gone = unsafe waitpid(pid, &status, WNOHANG)
      if gone == pid || (gone < 0 && errno != EINTR) { return true }
      if deadline.hasPassed { return false }
      deadline.rest(.milliseconds(2))
    }
  }

  /// A name below the run's folder that nobody else in this process gets.
  func path(for label: String) -> String {
    let plain = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "-" }.prefix(24))
    return "\(folder)/\(plain)\(names.add(1, ordering: .relaxed).newValue)"
  }

  /// From here on the watchdog ends the group of `pid` with `signal`, until it is forgotten.
  func watch(_ pid: pid_t, endingWith signal: String) {
    try? Data("\(signal)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/pids/\(pid)"))
  }

  /// To be called while `pid` is still a zombie, before the kernel may give the number to somebody else.
  func forget(_ pid: pid_t) {
    unsafe unlink("\(folder)/pids/\(pid)")
  }
}

/// What errno says, for messages.
func lastError() -> String { unsafe String(cString: strerror(errno)) }
