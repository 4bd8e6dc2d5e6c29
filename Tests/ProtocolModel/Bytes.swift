import Glibc

/// The order of two values by their bytes; below 0 when the first comes first. Meant for plain values without gaps.
func compare<Value: BitwiseCopyable>(_ a: Value, _ b: Value) -> Int32 {
  unsafe withUnsafeBytes(of: a) { a in
    unsafe withUnsafeBytes(of: b) { b in unsafe memcmp(a.baseAddress!, b.baseAddress!, a.count) }
  }
}
