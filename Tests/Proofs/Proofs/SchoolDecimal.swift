/// What a text says as a number with at most so many fraction digits, worked out on digit strings as one would on paper.
///
/// It shares nothing with the product: the grammar is a table of states, the point is moved by writing the number out in
/// full, and whether it fits is seen by counting digits. Only texts whose written-out form stays short are for it, so an
/// exponent of more than `exponentDigitsMax` digits is judged by its sign alone.
public enum SchoolDecimal: Equatable {
  /// The number times 10^scale, most significant digit first; zero is no digits and never negative.
  case units(isNegative: Bool, digits: [UInt8])
  case notNumber
  case tooFine
  case tooLarge
  case tooFarBelow

  static let digitsMax = 38
  /// Larger exponents leave the range whatever stands before them: no text here has 900 digits.
  private static let exponentDigitsMax = 3

  public init(_ text: [UInt8], scale: Int) {
    guard let parts = Parts(text) else {
      self = .notNumber
      return
    }
    var whole = parts.whole
    var fraction = parts.fraction
    if (whole + fraction).allSatisfy({ $0 == 0 }) {
      self = .units(isNegative: false, digits: [])
      return
    }
    let exponent = Array(parts.exponent.drop { $0 == 0 })
    if exponent.count > Self.exponentDigitsMax {
      self = parts.isDown ? .tooFine : parts.isNegative ? .tooFarBelow : .tooLarge
      return
    }
    // The point goes one place at a time.
    for _ in 0..<exponent.reduce(0, { $0 * 10 + Int($1) }) {
      if parts.isDown {
        fraction.insert(whole.popLast() ?? 0, at: 0)
      } else {
        whole.append(fraction.isEmpty ? 0 : fraction.removeFirst())
      }
    }
    while fraction.last == 0 { fraction.removeLast() }
    if fraction.count > scale {
      self = .tooFine
      return
    }
    fraction += [UInt8](repeating: 0, count: scale - fraction.count)
    let digits = Array((whole + fraction).drop { $0 == 0 })
    if digits.count > Self.digitsMax {
      self = parts.isNegative ? .tooFarBelow : .tooLarge
    } else {
      self = .units(isNegative: parts.isNegative, digits: digits)
    }
  }

  /// Whether the text is a number as JSON has them, which then needs no quotes.
  public var isNumber: Bool { self != .notNumber }

  /// The digits of a whole number, by dividing it down.
  static func digits(_ number: Int128) -> SchoolDecimal {
    var rest = number.magnitude
    var digits: [UInt8] = []
    while rest > 0 {
      // Nineteen digits at a time fit 64 bits.
      let (above, part) = rest.quotientAndRemainder(dividingBy: 10_000_000_000_000_000_000)
      var low = UInt64(part)
      for _ in 0..<19 where low > 0 || above > 0 {
        digits.append(UInt8(low % 10))
        low /= 10
      }
      rest = above
    }
    return .units(isNegative: number < 0, digits: digits.reversed())
  }
}

extension SchoolDecimal {
  /// The digits of a text by the places in which they stand.
  struct Parts {
    var isNegative = false
    var whole: [UInt8] = []
    var fraction: [UInt8] = []
    var isDown = false
    var exponent: [UInt8] = []

    private enum State: Int {
      case begin, signed, zero, whole, point, fraction, letter, letterSigned, exponent, none
    }

    private enum Letter: Int {
      case minus, plus, zero, digit, point, e, other

      init(_ byte: UInt8) {
        switch byte {
        case 0x2D: self = .minus
        case 0x2B: self = .plus
        case 0x30: self = .zero
        case 0x31...0x39: self = .digit
        case 0x2E: self = .point
        case 0x45, 0x65: self = .e
        default: self = .other
        }
      }
    }

    /// RFC 8259, section 6: a row for each state, a column for each letter.
    private static let next: [[State]] = [
      //  -            +              0          1-9        .       e        other
      [.signed, .none, .zero, .whole, .none, .none, .none],
      [.none, .none, .zero, .whole, .none, .none, .none],
      [.none, .none, .none, .none, .point, .letter, .none],
      [.none, .none, .whole, .whole, .point, .letter, .none],
      [.none, .none, .fraction, .fraction, .none, .none, .none],
      [.none, .none, .fraction, .fraction, .none, .letter, .none],
      [.letterSigned, .letterSigned, .exponent, .exponent, .none, .none, .none],
      [.none, .none, .exponent, .exponent, .none, .none, .none],
      [.none, .none, .exponent, .exponent, .none, .none, .none],
    ]

    init?(_ text: [UInt8]) {
      var state = State.begin
      for byte in text {
        state = Self.next[state.rawValue][Letter(byte).rawValue]
        switch state {
        case .none: return nil
        case .signed: isNegative = true
        case .zero, .whole: whole.append(byte - 0x30)
        case .fraction: fraction.append(byte - 0x30)
        case .letterSigned: isDown = byte == 0x2D
        case .exponent: exponent.append(byte - 0x30)
        case .begin, .point, .letter: break
        }
      }
      switch state {
      case .zero, .whole, .fraction, .exponent: break
      default: return nil
      }
    }
  }
}
