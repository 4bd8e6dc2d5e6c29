import Foundation
import MeterModel
import MeterTelemetry
import Testing

@testable import HTTPEdge

@Suite struct TLSTests {
  /// A program of this machine, run to its end; nil when it is not installed.
  private func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String)? {
    let path = "/usr/bin/\(program)"
    guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  private func certificate(in folder: URL, _ name: String) throws -> TLSFiles {
    let files = TLSFiles(
      cert: folder.appendingPathComponent("\(name).crt").path, key: folder.appendingPathComponent("\(name).key").path)
    let made = try #require(
      try run(
        "openssl",
        [
          "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
          "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", files.key,
          "-out", files.cert,
        ]), "this test needs the openssl command; install openssl")
    #expect(made.status == 0)
    return files
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("meterd-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  @Test func `a client that trusts the certificate is served over TLS, one without TLS is not`() throws {
    try withFolder { folder in
      let files = try certificate(in: folder, "good")
      let stage = try Stage(tls: files)
      defer { stage.server.stop() }
      let url = "https://127.0.0.1:\(stage.port)/healthz"
      let answer = try #require(
        try run("curl", ["--silent", "--max-time", "120", "--noproxy", "*", "--cacert", files.cert, url]),
        "this test needs the curl command; install curl")
      #expect(answer.status == 0)
      #expect(answer.output == #"{"status":"ok"}"#)
      let old = try #require(
        try run("curl", ["--silent", "--max-time", "120", "--noproxy", "*", "-k", "--tls-max", "1.1", url]))
      #expect(old.status != 0)
      let plain = stage.client
      plain.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(!plain.readToEnd().contains("ok"))
      let again = try #require(try run("curl", ["--silent", "--max-time", "120", "--noproxy", "*", "-k", url, url]))
      #expect(again.output == #"{"status":"ok"}{"status":"ok"}"#)
      #expect(stage.memory.lines.allSatisfy { $0.hasPrefix("{\"ts\":") })
    }
  }

  @Test func `certificate problems are one line and status 78`() throws {
    try withFolder { folder in
      let one = try certificate(in: folder, "one")
      let two = try certificate(in: folder, "two")
      let text = folder.appendingPathComponent("text").path
      try "not a certificate".write(toFile: text, atomically: true, encoding: .utf8)
      let wrong = [
        TLSFiles(cert: "/nowhere/x.crt", key: one.key), TLSFiles(cert: one.cert, key: "/nowhere/x.key"),
        TLSFiles(cert: one.cert, key: two.key), TLSFiles(cert: text, key: text),
        TLSFiles(cert: "/dev/null", key: one.key),
        TLSFiles(cert: folder.path, key: one.key),
      ]
      for files in wrong {
        let complaint = try #require(throws: Complaint.self) { _ = try Stage(tls: files) }
        #expect(complaint.status == .configuration)
        #expect(complaint.place.hasPrefix("http.tls_"))
        #expect(!complaint.description.contains("()"))
      }
    }
  }
}
