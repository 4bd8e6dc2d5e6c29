import Foundation

/// Where the built programs are.
public struct Programs: Sendable {
  public let folder: String

  /// The folder that METERD_BIN_DIR names, else the one of the test bundle, where SwiftPM puts programs too.
  public init() {
    if let named = ProcessInfo.processInfo.environment["METERD_BIN_DIR"], !named.isEmpty {
      folder = named
      return
    }
    folder = Self.built
  }

  /// The folder of this very program, or of the test bundle.
  public static var built: String {
    let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let flag = CommandLine.arguments.firstIndex(of: "--test-bundle-path")
    let bundle = flag.flatMap { CommandLine.arguments.dropFirst($0 + 1).first }
    let candidates = [bundle, own, Bundle.main.executablePath].compactMap { $0 }
      .map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) }
    return candidates.first { unsafe access("\($0)/meterd", X_OK) == 0 } ?? candidates.first ?? "."
  }

  /// The one that measures. It stands in front of Swift's runtime, which therefore cannot be inside it as it is inside those that
  /// METERD_BIN_DIR names: METERD_BENCH names its build, else it is the one beside the test bundle.
  public var bench: String {
    get throws(StackFailure) {
      if let named = ProcessInfo.processInfo.environment["METERD_BENCH"], !named.isEmpty { return named }
      return try Programs(in: Self.built).path(of: "meterd-bench")
    }
  }

  /// The one that measures over real processes; it stands beside the test bundle.
  public var endBench: String {
    get throws(StackFailure) { try Programs(in: Self.built).path(of: "meterd-end-bench") }
  }

  /// The consumer that loses messages; it is no product, so it stands beside the test bundle only.
  public var naiveConsumer: String {
    get throws(StackFailure) { try Programs(in: Self.built).path(of: "naive-consumer") }
  }

  public init(in folder: String) {
    self.folder = folder
  }

  public var meterd: String { get throws(StackFailure) { try path(of: "meterd") } }
  public var lab: String { get throws(StackFailure) { try path(of: "meterd-lab") } }

  private func path(of name: String) throws(StackFailure) -> String {
    let path = "\(folder)/\(name)"
    if unsafe access(path, X_OK) == 0 { return path }
    throw StackFailure(
      at: "programs", "there is no '\(name)' in '\(folder)'",
      remedy: "run 'swift build', or name the folder in METERD_BIN_DIR")
  }
}
