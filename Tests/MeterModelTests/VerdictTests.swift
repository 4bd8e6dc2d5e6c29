import MeterModel
import Testing

@Suite struct VerdictTests {
  @Test func `the events are the sum of the verdicts`() {
    var counts = VerdictCounts()
    #expect(counts.events == 0)
    for (index, verdict) in Verdict.allCases.enumerated() { counts[verdict] = Int64(1) << Int64(index) }
    #expect(counts.events == 127)
    for (index, verdict) in Verdict.allCases.enumerated() { #expect(counts[verdict] == Int64(1) << Int64(index)) }
  }

  @Test func `adding counts adds each verdict`() {
    var a = VerdictCounts()
    var b = VerdictCounts()
    for verdict in Verdict.allCases {
      a[verdict] = Int64(verdict.rawValue)
      b[verdict] = 100
    }
    a += b
    a += VerdictCounts()
    for verdict in Verdict.allCases { #expect(a[verdict] == 100 + Int64(verdict.rawValue)) }
  }

  @Test func `verdicts and reasons have the words of the contract`() {
    #expect(
      Verdict.allCases.map(\.name) == [
        "counted", "late", "duplicate", "conflict", "voided", "unmetered", "quarantined",
      ])
    #expect(
      Set(Reason.allCases.map(\.rawValue)) == [
        "not_json", "not_cloudevent", "bad_attribute", "bad_value", "bad_dimension", "too_old", "in_future", "overflow",
        "void_unknown", "void_twice", "void_unsupported", "bad_encoding", "too_large",
      ])
  }
}
