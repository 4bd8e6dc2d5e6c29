/// How much a line matters. The raw values are the words of `log.level`.
public enum LogLevel: String, Sendable, CaseIterable, Comparable {
  case debug
  case info
  case warn
  case error

  var rank: UInt8 {
    switch self {
    case .debug: 0
    case .info: 1
    case .warn: 2
    case .error: 3
    }
  }

  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }
}
