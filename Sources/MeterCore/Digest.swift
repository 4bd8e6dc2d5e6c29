/// A number for a state, so that two of them can be compared at a glance; no key, no secret.
enum Digest {
  static func of(_ words: UInt64...) -> UInt64 {
    words.reduce(0x9E37_79B9_7F4A_7C15) { digest, word in
      var x = (digest ^ word) &* 0xFF51_AFD7_ED55_8CCD
      x = (x ^ (x >> 33)) &* 0xC4CE_B9FE_1A85_EC53
      return x ^ (x >> 29)
    }
  }
}
