/// What the server says to a daemon.
enum Answer: UInt8 {
  case none, claimed, begun, restored, committed, absent, refused
}
