/// What a field may hold. There is no case for bytes: a payload has no way into a line.
public enum LogValue: Sendable, Equatable {
  case string(String)
  case int(Int64)
  case seconds(Double)
  case bool(Bool)

  /// Counts of any width; one beyond Int64 is held at its end.
  public static func int(_ value: some BinaryInteger) -> LogValue { .int(Int64(clamping: value)) }
}

extension LogValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  public init(stringLiteral value: String) { self = .string(value) }
}

extension LogValue: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int64) { self = .int(value) }
}

extension LogValue: ExpressibleByFloatLiteral {
  public init(floatLiteral value: Double) { self = .seconds(value) }
}

extension LogValue: ExpressibleByBooleanLiteral {
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}
