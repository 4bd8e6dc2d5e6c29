/// A statement on its way although the connection is gone, or the process, or the stay that asked: the server may do it at any time.
struct LateStatement {
  var request = Request.none
  var holdsEpoch = false
  var sealed = Sealed()
  /// 1 or 2: the daemon that still waits for the fate of this very flush.
  var origin: UInt8 = 0
  /// 1 or 2: the daemon that will hear the answer in a later stay. Kept only where it would listen.
  var hearer: UInt8 = 0
}
