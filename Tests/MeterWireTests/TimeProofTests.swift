import Glibc
import Proofs
import Testing

@Suite struct TimeProofTests {
  /// `deploy/dev prove times` takes two thousand.
  private static let timesAnOffset = 40

  @Test func `every offset from one minute less than a day behind to as much ahead is taken off`() throws {
    var proof = TimeProof(seed: 1)
    #expect(try proof.everyOffset(times: Self.timesAnOffset) == (2 * 1_440 + 2) * Self.timesAnOffset)
  }

  @Test func `every offset that a time zone ever had is taken off`() throws {
    var proof = TimeProof(seed: 2)
    let offsets = try ZoneOffsets.read()
    #expect(offsets.count > 450)
    #expect(offsets.contains { $0 % 60 != 0 } && offsets.contains(20_700) && offsets.contains(-34_200))
    for seconds in offsets { try proof.zoneOffset(seconds: seconds, times: Self.timesAnOffset) }
  }

  @Test func `every day from 1677 to 2262 begins and ends where a calendar says, and there is no other`() throws {
    var proof = TimeProof(seed: 3)
    #expect(try proof.everyDay() == 214_031)
  }

  @Test func `a leap second is the last nanosecond of any minute`() throws {
    var proof = TimeProof(seed: 4)
    try proof.leapSeconds()
  }

  @Test func `the counted calendar is that of the C library`() {
    let days = TimeProof(seed: 0).calendar.days
    for day in days {
      var fields = unsafe tm()
      unsafe fields.tm_year = Int32(day.year - 1900)
      unsafe fields.tm_mon = Int32(day.month - 1)
      unsafe fields.tm_mday = Int32(day.day)
      #expect(unsafe timegm(&fields) == day.number * 86_400, "\(day)")
    }
    #expect(days.first?.text == Array("1677-01-01".utf8) && days.last?.text == Array("2262-12-31".utf8))
  }
}
