/// Named values of a line, in the order in which they were given. A name given again takes the newer value.
public struct LogFields: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  /// Fields beyond this many are left out: a line is for reading.
  public static let countMax = 32

  public private(set) var pairs: [(name: String, value: LogValue)] = []

  public init(dictionaryLiteral elements: (String, LogValue)...) {
    for (name, value) in elements { self[name] = value }
  }

  public subscript(name: String) -> LogValue? {
    get { pairs.first { $0.name == name }?.value }
    set {
      let place = pairs.firstIndex { $0.name == name }
      switch (place, newValue) {
      case (let place?, let value?): pairs[place].value = value
      case (let place?, nil): pairs.remove(at: place)
      case (nil, let value?): if pairs.count < Self.countMax { pairs.append((name, value)) }
      case (nil, nil): break
      }
    }
  }

  func adding(_ newer: LogFields) -> LogFields {
    var all = self
    for (name, value) in newer.pairs { all[name] = value }
    return all
  }

  public static func == (a: LogFields, b: LogFields) -> Bool { a.pairs.elementsEqual(b.pairs) { $0 == $1 } }
}
