/// What a record has beside the bytes of its key and value.
struct RecordShape {
  /// Key and value and nothing else, as everything that is made here.
  static let plain = RecordShape()

  var hasKey = true
  var headers: [RecordHeader] = []
  var hasValue = true
}
