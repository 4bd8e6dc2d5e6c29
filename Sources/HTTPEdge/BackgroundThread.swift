import Glibc

/// A thread of its own for what waits, so that it never takes one of the few that tasks share. Nobody joins it: its
/// body ends by itself and holds all that it needs.
enum BackgroundThread {
  private final class Body {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// False when the system has no thread left; the body then never runs.
  static func start(_ run: @escaping @Sendable () -> Void) -> Bool {
    // The thread owns the body. If it never comes to be, it is still ours.
    let body = unsafe Unmanaged.passRetained(Body(run))
    var thread = pthread_t()
    let outcome = unsafe pthread_create(
      &thread, nil,
      { raw in
        unsafe Unmanaged<Body>.fromOpaque(raw!).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    guard outcome == 0 else {
      unsafe body.release()
      return false
    }
    pthread_detach(thread)
    return true
  }
}
