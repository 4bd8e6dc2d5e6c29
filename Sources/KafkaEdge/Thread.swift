import Glibc

private final class Job: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Runs `body` on a detached thread of its own. For loops that block for as long as a partition stays: such a loop on a shared pool
/// would take a thread from others.
func startThread(_ body: @escaping @Sendable () -> Void) {
  let job = unsafe Unmanaged.passRetained(Job(body))
  var thread = pthread_t()
  let result = unsafe pthread_create(
    &thread, nil,
    { argument in
      // The retain of `passRetained` is ours from here on.
      let job = unsafe Unmanaged<Job>.fromOpaque(argument!).takeRetainedValue()
      job.body()
      return nil
    }, job.toOpaque())
  precondition(result == 0, "a thread could not be started (errno \(result))")
  pthread_detach(thread)
}
