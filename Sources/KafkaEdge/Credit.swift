import Dispatch

/// How many batches of a partition may be under way between its reader and whoever counts them.
///
/// It belongs to a stay and not to a thread: when reading is interrupted and goes on, batches that are still being counted are
/// still owed.
final class Credit: Sendable {
  static let batches = 2

  // Made empty and filled: a semaphore that is let go below the value it was made with ends the process.
  private let semaphore = DispatchSemaphore(value: 0)

  init() { for _ in 0..<Self.batches { semaphore.signal() } }

  func give() { semaphore.signal() }

  /// False when there was none in time.
  func take(withinMs ms: Int) -> Bool { semaphore.wait(timeout: .now() + .milliseconds(ms)) == .success }
}
