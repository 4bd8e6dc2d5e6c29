import MeterModel

/// What an event says of itself, before any rule was looked at: from the members of an object or from headers.
struct SaidAttributes {
  enum Name: CaseIterable {
    case specversion, id, source, type, subject, time, correction, corrects, reservation, data, dataBase64

    var text: StaticString {
      switch self {
      case .specversion: "specversion"
      case .id: "id"
      case .source: "source"
      case .type: "type"
      case .subject: "subject"
      case .time: "time"
      case .correction: "correction"
      case .corrects: "corrects"
      case .reservation: "reservation"
      case .data: "data"
      case .dataBase64: "data_base64"
      }
    }
  }

  enum Word {
    /// Not there, or null.
    case absent
    case text(EventBatch.Bytes)
    /// Not a string, or no Unicode text.
    case wrong
  }

  static let noData: Int32 = -1

  private(set) var specversion = Word.absent
  private(set) var id = Word.absent
  private(set) var source = Word.absent
  private(set) var type = Word.absent
  private(set) var subject = Word.absent
  private(set) var time = Word.absent
  private(set) var correction = Word.absent
  private(set) var corrects = Word.absent
  private(set) var reservation = Word.absent
  private(set) var dataBase64 = Word.absent
  /// Token index of `data`.
  var data = noData
  /// The first attribute that is used and came twice.
  private(set) var twice: Name?
  /// A bit for each name that came.
  private var seen: UInt16 = 0

  @inline(__always)
  mutating func note(_ name: Name, _ word: Word) {
    mark(name)
    // One that is null and comes again is there twice, and not missing.
    if case .absent = word { return }
    switch name {
    case .specversion: specversion = word
    case .id: id = word
    case .source: source = word
    case .type: type = word
    case .subject: subject = word
    case .time: time = word
    case .correction: correction = word
    case .corrects: corrects = word
    case .reservation: reservation = word
    case .dataBase64: dataBase64 = word
    case .data: break
    }
  }

  @inline(__always)
  mutating func noteData(_ token: Int32) {
    mark(.data)
    data = token
  }

  @inline(__always)
  private mutating func mark(_ name: Name) {
    let bit: UInt16 = 1 << UInt16(truncatingIfNeeded: name.ordinal)
    if seen & bit != 0, twice == nil { twice = name }
    seen |= bit
  }
}

extension SaidAttributes.Name {
  /// A small number of its own.
  @inline(__always)
  fileprivate var ordinal: Int {
    switch self {
    case .specversion: 0
    case .id: 1
    case .source: 2
    case .type: 3
    case .subject: 4
    case .time: 5
    case .correction: 6
    case .corrects: 7
    case .reservation: 8
    case .data: 9
    case .dataBase64: 10
    }
  }

  /// The attribute of a member's name, given the name's first and last eight bytes as little-endian words; nil when it is
  /// none that is used.
  @inline(__always)
  init?(head: UInt64, tail: UInt64, length: Int) {
    switch (length, head, tail) {
    case (2, 0x6469, _): self = .id
    case (4, 0x656D_6974, _): self = .time
    case (4, 0x6570_7974, _): self = .type
    case (4, 0x6174_6164, _): self = .data
    case (6, 0x6563_7275_6F73, _): self = .source
    case (7, 0x0074_6365_6A62_7573, _): self = .subject
    case (8, 0x7374_6365_7272_6F63, _): self = .corrects
    // "correcti" and "rrection".
    case (10, 0x6974_6365_7272_6F63, 0x6E6F_6974_6365_7272): self = .correction
    // "specvers" and "cversion".
    case (11, 0x7372_6576_6365_7073, 0x6E6F_6973_7265_7663): self = .specversion
    // "data_bas" and "a_base64".
    case (11, 0x7361_625F_6174_6164, 0x3436_6573_6162_5F61): self = .dataBase64
    // "reservat" and "ervation".
    case (11, 0x7461_7672_6573_6572, 0x6E6F_6974_6176_7265): self = .reservation
    default: return nil
    }
  }
}
