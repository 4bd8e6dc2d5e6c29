import MeterModel

extension Instant {
  /// Reads `2026-11-01T00:00:00+01:00`, with up to nine digits behind the seconds; nil for anything else. People write these, so it is
  /// plain rather than fast.
  public init?(text: String) {
    var rest = Array(text.utf8)[...]
    func digits(_ count: Int) -> Int? {
      guard rest.count >= count, rest.prefix(count).allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count).reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    func pass(_ characters: String) -> UInt8? {
      guard let first = rest.first, characters.utf8.contains(first) else { return nil }
      rest = rest.dropFirst()
      return first
    }
    guard let year = digits(4), pass("-") != nil, let month = digits(2), pass("-") != nil, let day = digits(2),
      pass("Tt") != nil, let hour = digits(2), pass(":") != nil, let minute = digits(2), pass(":") != nil,
      let second = digits(2), (1...12).contains(month), (1...CivilDate.days(in: month, of: year)).contains(day),
      hour < 24, minute < 60, second < 60
    else { return nil }
    var fraction = 0
    if pass(".") != nil {
      let count = rest.prefix { (0x30...0x39).contains($0) }.count
      guard (1...9).contains(count), let said = digits(count) else { return nil }
      fraction = (count..<9).reduce(said) { number, _ in number * 10 }
    }
    var offset = 0
    if pass("Zz") == nil {
      guard let sign = pass("+-"), let hours = digits(2), pass(":") != nil, let minutes = digits(2), hours < 24,
        minutes < 60
      else { return nil }
      offset = (sign == UInt8(ascii: "-") ? -60 : 60) * (hours * 60 + minutes)
    }
    guard rest.isEmpty else { return nil }
    let days = CivilDate(year: year, month: month, day: day).daysSince1970
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
    let (nanoseconds, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow, nanoseconds < .max - Int64(fraction) else { return nil }
    self.init(nanoseconds: nanoseconds + Int64(fraction))
  }

  /// The same in UTC, with a fraction only where there is one.
  public var text: String {
    let second: Int64 = 1_000_000_000
    let fraction = (nanoseconds % second + second) % second
    let seconds = (nanoseconds - fraction) / second
    let inDay = (seconds % 86_400 + 86_400) % 86_400
    let date = CivilDate(daysSince1970: Int((seconds - inDay) / 86_400))
    func digits(_ number: Int, _ width: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
    var text = "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))T"
    text += "\(digits(Int(inDay / 3_600), 2)):\(digits(Int(inDay / 60 % 60), 2)):\(digits(Int(inDay % 60), 2))"
    if fraction > 0 {
      var shown = digits(Int(fraction), 9)
      while shown.hasSuffix("0") { shown.removeLast() }
      text += ".\(shown)"
    }
    return text + "Z"
  }
}
