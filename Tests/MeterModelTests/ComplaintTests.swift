import MeterModel
import Testing

@Suite struct ComplaintTests {
  @Test func `a complaint says where, what is wrong and what to do`() {
    let complaint = Complaint(.configuration, at: "config", "'a' is not a setting", remedy: "remove it")
    #expect(complaint.description == "config: 'a' is not a setting; remove it")
  }

  @Test func `a complaint is one line whatever it quotes`() {
    for value in UInt32(0)...0x2100 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let quoted = "'x\(String(Character(scalar)))y'"
      for complaint in [
        Complaint(.usage, at: quoted, "p", remedy: "r"), Complaint(.usage, at: "w", quoted, remedy: "r"),
        Complaint(.usage, at: "w", "p", remedy: quoted),
      ] {
        let line = complaint.description
        let isBreak = line.unicodeScalars.contains {
          $0.properties.generalCategory == .control || [0x2028, 0x2029].contains($0.value)
        }
        #expect(!isBreak, "U+\(String(value, radix: 16))")
      }
    }
  }

  @Test func `a carriage return and a line feed together are escaped too`() {
    #expect(Complaint(.usage, at: "w", "'\r\n'", remedy: "r").description == "w: '\\r\\n'; r")
  }

  @Test func `every exit status is one of the contract's`() {
    #expect(ExitStatus.allCases.map(\.rawValue) == [0, 64, 65, 69, 70, 73, 77, 78])
  }
}
