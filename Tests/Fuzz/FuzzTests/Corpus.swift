import FuzzTargets
import Glibc

/// The kept inputs of one target: written by hand, found by a search, or once a failure.
enum Corpus {
  static func files(_ target: FuzzTarget, here: StaticString = #filePath) throws -> [(name: String, bytes: [UInt8])] {
    let folder =
      here.description.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
      .joined(separator: "/") + "/Corpus/" + target.rawValue
    return try names(folder).map { ($0, try bytes(folder + "/" + $0)) }
  }

  private struct Unreadable: Error {
    let path: String
  }

  private static func names(_ folder: String) throws -> [String] {
    guard let stream = unsafe opendir(folder) else { throw Unreadable(path: folder) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    // A folder has no order of its own.
    return names.sorted()
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Unreadable(path: path) }
    defer { close(file) }
    let room = FuzzTarget.bytesMax
    var bytes = [UInt8](repeating: 0, count: room)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, room) }
    guard count >= 0 else { throw Unreadable(path: path) }
    return Array(bytes[..<count])
  }
}
