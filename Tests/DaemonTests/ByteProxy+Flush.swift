import Foundation
import TestStack

extension ByteProxy {
  /// From here on nothing gets to PostgreSQL, and a flush is among what does not. A question for windows that are not in memory may stand
  /// before the flush; then the way is opened for a moment and held again.
  func stallWithFlush() throws {
    stall(.toServer)
    try eventually("a flush is under way", every: .milliseconds(400)) {
      if holds("call meterd.apply", .toServer) { return true }
      release()
      Thread.sleep(forTimeInterval: 0.03)
      stall(.toServer)
      return false
    }
  }
}
