import Foundation
import TestStack

/// A disk that can be made full at a word: a tmpfs over a folder, whose size is made what is in it already.
///
/// The run's watchdog takes it away when this process dies.
final class SmallDisk: Sendable {
  /// Only root may mount.
  static var isPossible: Bool { geteuid() == 0 }

  let path: String
  private let mebibytes: Int

  /// Takes the place of the folder at `path`, with everything that is in it.
  init(at path: String, mebibytes: Int) throws {
    self.path = path
    self.mebibytes = mebibytes
    let script = """
      set -e
      mv "$1" "$2"
      mkdir "$1"
      mount -t tmpfs -o size=$3m,mode=0700 meterd-chaos "$1"
      chown --reference="$2" "$1"
      chmod --reference="$2" "$1"
      cp -a "$2/." "$1/"
      rm -r "$2"
      """
    let child = try ChildProcess(
      "/bin/sh", ["-c", script, "sh", path, "\(path)-aside", "\(mebibytes)"], named: "mount")
    guard try child.waitForExit() == .exited(0) else { throw child.failure("the small disk was not made") }
  }

  /// Leaves no room beyond what is taken at this moment. What is given back later is free again, until the next call.
  func fill() throws {
    // More may be taken between the look and the change, which is then refused; so a little more is left each time.
    var spareKibibytes = 0
    try eventually("the disk being full") {
      var status = statvfs()
      guard unsafe statvfs(path, &status) == 0 else { return false }
      let taken = (Int(status.f_blocks) - Int(status.f_bfree)) * Int(status.f_frsize)
      defer { spareKibibytes += 256 }
      return try resize("\(taken / 1024 + spareKibibytes)k")
    }
  }

  func free() throws {
    guard try resize("\(mebibytes)m") else { throw StackFailure(at: "small disk", "'\(path)' stays full") }
  }

  private func resize(_ size: String) throws -> Bool {
    try ChildProcess("mount", ["-o", "remount,size=\(size)", path]).waitForExit() == .exited(0)
  }

  func unmount() {
    let child = try? ChildProcess("umount", ["-l", path])
    _ = try? child?.waitForExit()
  }
}
