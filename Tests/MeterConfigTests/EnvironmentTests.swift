import Glibc
import MeterModel
import Testing

@testable import MeterConfig

/// A directory that is gone when the test is.
final class TemporaryDirectory {
  let path: String

  init() throws {
    var template = Array("/tmp/meterd-config-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.map { unsafe mkdtemp($0) != nil } ?? false
    }
    guard made else {
      throw Complaint(.bug, at: "test", "no temporary directory", remedy: "see the machine")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  var names: [String] = []

  func write(_ name: String, _ bytes: some Sequence<UInt8>) {
    let file = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let content = Array(bytes)
    _ = unsafe content.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
    close(file)
    names.append(name)
  }

  deinit {
    for name in names { unsafe unlink("\(path)/\(name)") }
    unsafe rmdir(path)
  }
}

@Suite struct EnvironmentTests {
  private static let variables = ["NAME": "acme", "EMPTY": "", "DOLLAR": "a$b${NAME}", "SEVEN": "7", "YES": "true"]

  private func group(_ value: String) throws -> String {
    let text = "kafka: { brokers: 'a:1', group: \"\(value)\" }\npostgres: { url: x=y }"
    return try Settings.parse(Array(text.utf8), file: "f", environment: { Self.variables[$0] }).kafka.group
  }

  @Test(arguments: [
    ("${NAME}", "acme"), ("x-${NAME}-y", "x-acme-y"), ("${NAME}${NAME}", "acmeacme"), ("${NONE:-other}", "other"),
    ("${EMPTY:-other}", "other"), ("x${EMPTY}", "x"), ("x${NONE:-}", "x"), ("$$", "$"), ("$${NAME}", "${NAME}"),
    ("$$$$", "$$"), ("a$b", "a$b"), ("cost$", "cost$"), ("${NONE:-a:-b}", "a:-b"), ("${DOLLAR}", "a$b${NAME}"),
    ("ä${NAME}ö", "äacmeö"),
  ])
  func `a variable stands for its value once`(_ written: String, _ meant: String) throws {
    #expect(try group(written) == meant)
  }

  @Test(arguments: ["${NONE}", "${", "${}", "${1A}", "${A B}", "${NAME:?}", "${NAME-x}", "${NAME:+x}", "${NAME"])
  func `what cannot be substituted is an error`(_ written: String) {
    #expect(throws: Complaint.self) { try group(written) }
  }

  @Test func `a number, a boolean and an enumeration may come from the environment, quoted or not`() throws {
    let text = """
      kafka: { brokers: "${NONE:-a:1}", topics: ["${NAME}"], properties: { client.id: "${NAME}" } }
      postgres:
        url: postgresql://${NAME}@db/m
        connections: "${SEVEN}"
        migrate: ${YES}
      lanes: "${NONE:-auto}"
      flush: { interval: "${NONE:-2s}" }
      """
    let settings = try Settings.parse(Array(text.utf8), file: "f", environment: { Self.variables[$0] })
    #expect(settings.kafka.brokers == "a:1")
    #expect(settings.kafka.topics == ["acme"])
    #expect(settings.kafka.properties["client.id"] == "acme")
    #expect(settings.postgres.url.exposed == "postgresql://acme@db/m")
    #expect(settings.postgres.connections == 7)
    #expect(settings.postgres.migrate)
    #expect(settings.lanes == .auto)
    #expect(settings.flush.interval == .seconds(2))
  }

  @Test func `an environment cannot change the shape of a file`() throws {
    #expect(try group("${NONE:-[a, b]}") == "[a, b]")
    let text = "kafka: { brokers: 'a:1' }\npostgres: { url: x=y }\nlog: ${LOG}\n"
    #expect(throws: Complaint.self) {
      try Settings.parse(Array(text.utf8), file: "f", environment: { _ in "{ level: debug }" })
    }
  }

  @Test func `the environment of the process is read by default`() {
    #expect(Settings.processEnvironment("PATH") != nil)
    #expect(Settings.processEnvironment("METERD_NO_SUCH_VARIABLE") == nil)
    #expect(Settings.processEnvironment("PATH\0X") == nil)
  }

  @Test func `secrets are read from files next to the configuration, without their line end`() throws {
    let directory = try TemporaryDirectory()
    directory.write("url", "postgresql://m:$ecret@db/m\n".utf8)
    directory.write("password", "hunter2\r\n".utf8)
    directory.write("key", "line one\nline two\n".utf8)
    directory.write(
      "meterd.yaml",
      """
      kafka:
        brokers: a:9092
        properties:
          sasl.password_file: password
          ssl.key.pem_file: ${DIRECTORY}/key
          sasl.username: meterd
      postgres: { url_file: url }
      """.utf8)
    let path = directory.path
    let settings = try Settings.load(file: "\(path)/meterd.yaml", environment: { _ in path })
    #expect(settings.postgres.url.exposed == "postgresql://m:$ecret@db/m")
    #expect(settings.kafka.properties["sasl.password"] == "hunter2")
    #expect(settings.kafka.properties["ssl.key.pem"] == "line one\nline two")
    #expect(settings.kafka.properties["sasl.password_file"] == nil)
    #expect(settings.kafka.properties["sasl.username"] == "meterd")
  }

  @Test(arguments: [
    "sasl.password", "ssl.key.password", "ssl.keystore.password", "sasl.oauthbearer.client.secret", "ssl.key.pem",
  ])
  func `each secret property may be given as a file`(_ name: String) throws {
    let directory = try TemporaryDirectory()
    directory.write("secret", "hunter2".utf8)
    let text = """
      kafka: { brokers: "a:1", properties: { \(name)_file: \(directory.path)/secret } }
      postgres: { url: x=y }
      """
    let settings = try Settings.parse(Array(text.utf8), file: "f", environment: { _ in nil })
    #expect(settings.kafka.properties[name] == "hunter2")
    #expect(!"\(settings)".contains("hunter2"))
  }

  @Test func `a secret file that is empty, too large, binary or wrong is refused without its content`() throws {
    let directory = try TemporaryDirectory()
    directory.write("empty", "\n".utf8)
    directory.write("large", Array(repeating: 0x61, count: 65_537))
    directory.write("binary", [0x61, 0xFF])
    directory.write("wrong", "hunter2".utf8)
    func line(_ name: String) -> String? {
      let text = "kafka: { brokers: 'a:1' }\npostgres: { url_file: \(name) }"
      return #expect(throws: Complaint.self) {
        try Settings.parse(Array(text.utf8), file: "\(directory.path)/f", environment: { _ in nil })
      }.map { "\($0.problem); \($0.remedy)" }
    }
    #expect(line("empty") == "'postgres.url_file' names an empty file ('empty'); write the secret into it")
    #expect(
      line("large") == "'postgres.url_file' cannot be read ('large'; it is larger than 64KiB); name a readable file")
    #expect(line("binary") == "'postgres.url_file' names a file that is not text ('binary'); write the secret into it")
    #expect(line("wrong")?.hasPrefix("'postgres.url' has a wrong value (not shown;") == true)
  }

  @Test func `a secret given twice is refused`() throws {
    let directory = try TemporaryDirectory()
    directory.write("secret", "hunter2".utf8)
    let text = """
      kafka: { brokers: "a:1", properties: { sasl.password: hunter2, sasl.password_file: secret } }
      postgres: { url: x=y }
      """
    let complaint = #expect(throws: Complaint.self) {
      try Settings.parse(Array(text.utf8), file: "\(directory.path)/f", environment: { _ in nil })
    }
    #expect(
      complaint?.problem == "'kafka.properties.sasl.password' is given both as text and as a file")
  }
}
