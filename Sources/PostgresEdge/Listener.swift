import Dispatch
import Synchronization

/// Hears what others notify, on a session of its own. What was said while nobody listened is lost: whoever needs it asks once in a while.
public final class Listener: Sendable {
  private static let patienceMs = 5_000
  private static let pause = DispatchTimeInterval.seconds(1)

  private let target: String
  private let name: String
  private let channels: [String]
  private let heard: @Sendable (String) -> Void
  private let isStopped = Atomic<Bool>(false)
  private let queue = DispatchQueue(label: "meterd.postgres.listen")

  /// `heard` is told the channel, and of every channel when listening began anew.
  public init(
    target: String, name: String, channels: [String], heard: @escaping @Sendable (String) -> Void
  ) {
    self.target = target
    self.name = name
    self.channels = channels
    self.heard = heard
  }

  public func start() { queue.async { [self] in listen() } }

  public func stop() { isStopped.store(true, ordering: .relaxed) }

  private func listen() {
    do throws(PostgresError) {
      let connection = try Session.open(target, name: name)
      for channel in channels { try connection.script("listen \(channel)") }
      for channel in channels { heard(channel) }
      while !isStopped.load(ordering: .relaxed) {
        for channel in try connection.notifications(withinMs: Self.patienceMs) { heard(channel) }
      }
    } catch {
      // Told by whoever asks in the meantime.
      guard !isStopped.load(ordering: .relaxed) else { return }
      queue.asyncAfter(deadline: .now() + Self.pause) { [self] in listen() }
    }
  }
}
