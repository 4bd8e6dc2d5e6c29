/// What the slots of one layout of events mean, worked out once when the layout was first seen.
///
/// Producers write events with a library: from one to the next only values change, and the bytes between them stay. A shape is such
/// a layout, of one type; its slots are the stretches that change. What stands here says where each attribute is found, what the
/// meters of the type take, and how the content is hashed.
struct Shape {
  /// Index among the rules' types, -1 for one that no meter wants.
  var type: Int32
  /// Slots of attributes; `time` is -1 when the layout has none.
  var id: Int32
  var source: Int32
  var subject: Int32
  var time: Int32
  /// Where each field of the type stands.
  var firstField: Int32
  /// How the members of `data` make its content.
  var firstStep: Int32
  var stepCount: Int32

  /// One step through `data`, in the order of the text.
  struct Step {
    enum Kind: UInt8 {
      case string
      /// A number, `true`, `false` or `null`.
      case bare
      /// An object within the object begins, and ends.
      case open
      case close
    }

    var kind: Kind
    var slot: Int32
    /// Hash of the member's name.
    var name: UInt64
  }

  /// Where a field of the type stands.
  struct Field {
    /// -1 when the layout does not have it.
    var slot: Int32
    var isBare: Bool

    var isThere: Bool { slot >= 0 }
    static let missing = Field(slot: -1, isBare: false)
  }

}
