import Foundation

/// A folder of one test, inside the folder of the run.
///
/// It is removed with `remove()`, and at the latest when the test process ends, however it ends; with METERD_KEEP set
/// in the environment it stays. Letting go of the value removes nothing, since a path often outlives it.
public struct TemporaryFolder: Sendable {
  public let path: String

  public init(_ label: String = "folder") throws(StackFailure) {
    path = try TestRun.current.path(for: label)
    guard unsafe mkdir(path, 0o755) == 0 else {
      throw StackFailure(at: "temporary folder", "cannot make '\(path)' (\(lastError()))")
    }
  }

  public func path(of name: String) -> String { "\(path)/\(name)" }

  /// Writes a file whole and returns its path.
  @discardableResult
  public func write(_ text: String, to name: String) throws(StackFailure) -> String {
    let file = path(of: name)
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    } catch {
      throw StackFailure(at: "temporary folder", "cannot write '\(file)' (\(error.localizedDescription))")
    }
    return file
  }

  /// A program for the shell, ready to be run.
  public func writeScript(_ text: String, to name: String) throws(StackFailure) -> String {
    let file = try write("#!/bin/sh\n\(text)\n", to: name)
    unsafe chmod(file, 0o755)
    return file
  }

  public func read(_ name: String) throws(StackFailure) -> String {
    do {
      return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path(of: name))), as: UTF8.self)
    } catch {
      throw StackFailure(at: "temporary folder", "cannot read '\(path(of: name))' (\(error.localizedDescription))")
    }
  }

  public func remove() {
    if !TestRun.isKept { try? FileManager.default.removeItem(atPath: path) }
  }
}
