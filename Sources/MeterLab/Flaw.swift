/// Why a malformed event must not be counted. Each is a mistake that services have made.
///
/// Flaws of the value are put on kinds whose meter reads one; elsewhere nobody would look and the event would count.
public enum Flaw: Int, Sendable, CaseIterable {
  case cutShort
  case trailingText
  case byteOrderMark
  case notAnObject
  case invalidUTF8
  case rawControlCharacter
  case escapedControlCharacter
  case wrongSpecversion
  case missingID
  case longID
  case missingType
  case missingSubject
  case repeatedSubject
  case badTime
  case arrayAsPayload
  case base64Payload
  case missingValue
  case tooManyDigits
  case negativeValue
  case blankInNumber
  case leadingPlus
  case groupedDigits
  case hexadecimal
  case notANumber
  case hugeExponent

  /// Whether it sits in the number that a meter adds up.
  public var isOfValue: Bool { rawValue >= Flaw.missingValue.rawValue }
}
