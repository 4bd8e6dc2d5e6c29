import Glibc

/// Who gives an order at the command line, for the audit.
enum Actor {
  /// The user of the operating system at this machine; it is a statement and no proof, which is the database's role.
  static var name: String {
    var host = [CChar](repeating: 0, count: 256)
    let result = unsafe gethostname(&host, host.count - 1)
    let machine =
      result == 0 ? String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "?"
    let user = unsafe getpwuid(getuid()).map { unsafe String(cString: $0.pointee.pw_name) } ?? "uid \(getuid())"
    return "\(user)@\(machine)"
  }
}
