import CRdkafka
import Glibc

/// Why a program of the laboratory ends without having done its work.
public enum LabError: Error, Equatable, CustomStringConvertible {
  case option(name: String, value: String, bound: String)
  /// librdkafka refused a property.
  case property(name: String, value: String, reason: String)
  case unreachable(servers: String, topic: String, code: String, waitedMs: Int)
  case kafka(step: String, code: String, reason: String)
  /// A delivery report went back in its partition, so a copy would not be in offset order.
  case disorder(topic: String, partition: Int, offset: Int64, expectedFrom: Int64)
  case cannotWrite(path: String, errno: Int32)
  case system(call: String, errno: Int32)
  /// A file of records that cannot be read or sent; `place` is its line.
  case input(place: String, problem: String, remedy: String)
  /// A line on the broker's standard input that is not a command.
  case command(problem: String, remedy: String)

  /// The exit status, of those that the contract lists.
  public var exitStatus: Int32 {
    switch self {
    case .option, .property, .command: 64
    case .input: 65
    case .unreachable, .kafka: 69
    case .disorder, .system: 70
    case .cannotWrite(_, let code): code == EACCES || code == EPERM ? 77 : 73
    }
  }

  public var description: String {
    switch self {
    case .option(let name, let value, let bound):
      "options: '\(name)' is out of bounds (\(value); \(bound)); give a value within them"
    case .property(let name, let value, let reason):
      "kafka: property '\(name)' was refused ('\(value)'; \(reason)); correct or leave it out"
    case .unreachable(let servers, let topic, let code, let waitedMs):
      "kafka: no partitions of '\(topic)' at '\(servers)' (\(code); waited \(waitedMs) ms); check address and topic"
    case .kafka(let step, let code, let reason):
      "kafka: \(step) failed (\(code); \(reason)); see the broker's log"
    case .disorder(let topic, let partition, let offset, let expectedFrom):
      "load: \(topic)[\(partition)] acknowledged out of order (offset \(offset); at least \(expectedFrom)); "
        + "the copy is incomplete, load a fresh topic"
    case .cannotWrite(let path, let code):
      "files: '\(path)' cannot be written (\(Self.reason(code))); free space or choose another path"
    case .system(let call, let code):
      "system: \(call) failed (\(Self.reason(code))); run again with more resources"
    case .input(let place, let problem, let remedy):
      "\(place): \(problem); \(remedy)"
    case .command(let problem, let remedy):
      "\(problem); \(remedy)"
    }
  }

  /// What a C function left in its buffer for an error text.
  static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func reason(_ code: Int32) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "errno \(code)"
  }
}

extension rd_kafka_resp_err_t {
  /// librdkafka's own name, as `NOT_LEADER_FOR_PARTITION` or `_TRANSPORT`.
  var name: String { unsafe String(cString: rd_kafka_err2name(self)) }

  var text: String { unsafe String(cString: rd_kafka_err2str(self)) }
}
