import Glibc

/// Whole seconds as people read and write them: `2026-11-01T00:00:00Z`.
enum InstantText {
  private static let form = "%Y-%m-%dT%H:%M:%SZ"

  static func text(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = unsafe tm()
    unsafe gmtime_r(&time, &parts)
    var buffer = [CChar](repeating: 0, count: 64)
    let room = buffer.count
    let length = unsafe strftime(&buffer, room, form, &parts)
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Nil unless it is written as `text` would write it: the C library alone also takes days of no month.
  static func seconds(_ text: String) -> Int64? {
    let numbers = text.split { !("0"..."9").contains($0) }.map { Int32($0) ?? 0 }
    guard numbers.count == 6, (1...9999).contains(numbers[0]) else { return nil }
    var parts = unsafe tm()
    unsafe parts.tm_year = numbers[0] - 1900
    unsafe parts.tm_mon = numbers[1] - 1
    unsafe parts.tm_mday = numbers[2]
    unsafe parts.tm_hour = numbers[3]
    unsafe parts.tm_min = numbers[4]
    unsafe parts.tm_sec = numbers[5]
    let seconds = unsafe Int64(timegm(&parts))
    return self.text(seconds) == text ? seconds : nil
  }
}
