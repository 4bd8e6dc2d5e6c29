import Glibc
import MeterModel

/// Where the certificate chain and its key are, in PEM.
public struct TLSFiles: Sendable, Equatable {
  /// A chain of certificates takes a few KiB; whatever is larger is another kind of file.
  static let bytesMax = 1024 * 1024

  public var cert: String
  public var key: String

  public init(cert: String, key: String) {
    self.cert = cert
    self.key = key
  }

  func read() throws(Complaint) -> (cert: [UInt8], key: [UInt8]) {
    (try Self.read(cert, setting: "http.tls_cert"), try Self.read(key, setting: "http.tls_key"))
  }

  private static func read(_ path: String, setting: String) throws(Complaint) -> [UInt8] {
    func complaint(_ problem: String) -> Complaint {
      Complaint(.configuration, at: setting, "'\(path)' \(problem)", remedy: "name a PEM file that meterd may read")
    }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw complaint(unsafe "cannot be read (\(String(cString: strerror(errno))))") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw complaint(unsafe "cannot be read (\(String(cString: strerror(errno))))") }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= bytesMax else { throw complaint("is too large for a certificate or key (at most 1 MiB)") }
    }
    guard !bytes.isEmpty, !bytes.contains(0) else { throw complaint("is not PEM text") }
    return bytes
  }
}
