import Foundation
import Synchronization

/// What happened in a round, as lines with the moment: for a person who looks for the cause of a difference.
final class Chronicle: Sendable {
  private let began = ContinuousClock.now
  private let lines = Mutex<[String]>([])
  private let isTold: Bool

  init(tells: Bool) { isTold = tells }

  func note(_ text: String) {
    let spent = began.duration(to: .now).components
    let ms = spent.seconds * 1_000 + spent.attoseconds / 1_000_000_000_000_000
    let line = "\(Date().ISO8601Format(.init(includingFractionalSeconds: true))) +\(ms) ms \(text)"
    lines.withLock { $0.append(line) }
    if isTold { FileHandle.standardError.write(Data((line + "\n").utf8)) }
  }

  var text: String { lines.withLock { $0.joined(separator: "\n") + "\n" } }
}
