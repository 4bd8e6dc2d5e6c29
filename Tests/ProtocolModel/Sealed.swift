/// A sealed flush.
struct Sealed {
  var counts = Counts()
  /// Within the stay, from 1 on; 0 is none.
  var number: UInt8 = 0
}
