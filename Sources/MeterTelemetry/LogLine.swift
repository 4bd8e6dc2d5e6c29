/// One line as bytes, newline included.
enum LogLine {
  /// Longer strings are cut, so that no outside value can fill a disk by one line.
  static let stringBytesMax = 2048
  /// Names that the line itself uses; a field of such a name is written with `_` behind it.
  private static let reserved = ["ts", "level", "msg", "suppressed"]

  static func make(
    _ format: LogFormat, at nanoseconds: Int64, _ level: LogLevel, _ message: String, _ fields: LogFields,
    suppressed: Int64
  ) -> [UInt8] {
    switch format {
    case .json: json(nanoseconds, level, message, fields, suppressed)
    case .text: text(nanoseconds, level, message, fields, suppressed)
    }
  }

  private static func json(
    _ nanoseconds: Int64, _ level: LogLevel, _ message: String, _ fields: LogFields, _ suppressed: Int64
  ) -> [UInt8] {
    var time: [UInt8] = []
    TimeText.append(nanoseconds, to: &time)
    var json = JSONText()
    json.object { line in
      line.member("ts", String(decoding: time, as: UTF8.self))
      line.member("level", level.rawValue)
      line.member("msg", cut(message))
      for (name, value) in fields.pairs {
        line.name(fieldName(name))
        switch value {
        case .string(let text): line.string(cut(text))
        case .int(let number): line.int(number)
        case .seconds(let seconds): line.double(seconds)
        case .bool(let flag): line.bool(flag)
        }
      }
      if suppressed > 0 { line.member("suppressed", suppressed) }
    }
    return json.bytes + [UInt8(ascii: "\n")]
  }

  private static func text(
    _ nanoseconds: Int64, _ level: LogLevel, _ message: String, _ fields: LogFields, _ suppressed: Int64
  ) -> [UInt8] {
    var line: [UInt8] = []
    TimeText.append(nanoseconds, to: &line)
    line.append(UInt8(ascii: " "))
    line.append(contentsOf: level.rawValue.utf8)
    for _ in level.rawValue.utf8.count..<6 { line.append(UInt8(ascii: " ")) }
    appendPlain(cut(message), mayHoldBlanks: true, to: &line)
    func field(_ name: String, _ value: String) {
      line.append(UInt8(ascii: " "))
      appendPlain(name, mayHoldBlanks: false, to: &line)
      line.append(UInt8(ascii: "="))
      appendPlain(value, mayHoldBlanks: false, to: &line)
    }
    for (name, value) in fields.pairs {
      switch value {
      case .string(let text): field(fieldName(name), cut(text))
      case .int(let number): field(fieldName(name), String(number))
      case .seconds(let seconds): field(fieldName(name), String(seconds) + "s")
      case .bool(let flag): field(fieldName(name), String(flag))
      }
    }
    if suppressed > 0 { field("suppressed", String(suppressed)) }
    line.append(UInt8(ascii: "\n"))
    return line
  }

  /// As it is where that reads unambiguously, else quoted and escaped as in JSON.
  private static func appendPlain(_ text: String, mayHoldBlanks: Bool, to line: inout [UInt8]) {
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case " ", "=", "'": mayHoldBlanks
      case "\"", "\\", "\u{00}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": false
      default: true
      }
    }
    if isPlain && !text.isEmpty {
      line.append(contentsOf: text.utf8)
    } else {
      JSONText.appendQuoted(text, to: &line)
    }
  }

  private static func fieldName(_ name: String) -> String { reserved.contains(name) ? name + "_" : name }

  private static func cut(_ text: String) -> String {
    guard text.utf8.count > stringBytesMax else { return text }
    // Cutting inside a character leaves bytes that decode to U+FFFD, which is honest enough for a cut string.
    return String(decoding: text.utf8.prefix(stringBytesMax), as: UTF8.self) + "…"
  }
}
