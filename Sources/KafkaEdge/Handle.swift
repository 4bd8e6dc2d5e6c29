import CRdkafka

/// A pointer that librdkafka made and that any thread may use: the client itself, or one of its queues.
///
/// librdkafka documents its calls as thread-safe; what it does not guard is the end of a handle's life, so whoever holds the last
/// reference destroys it, and only after its threads were joined.
@safe
final class Handle: @unchecked Sendable {
  let pointer: OpaquePointer
  private let destroy: @Sendable (OpaquePointer) -> Void

  init(_ pointer: OpaquePointer, destroy: @escaping @Sendable (OpaquePointer) -> Void) {
    unsafe self.pointer = pointer
    unsafe self.destroy = destroy
  }

  deinit { unsafe destroy(pointer) }
}
