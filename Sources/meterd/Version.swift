import CLibzstd
import KafkaEdge
import MeterModel
import PostgresEdge

enum Version {
  static let number = "0.1.0"

  #if DEBUG
  private static let build = "debug"
  #else
  private static let build = "release"
  #endif

  static func run() -> ExitStatus {
    let pq = PostgresLibrary.version
    print("meterd \(number) (\(build), schema \(Schema.version))")
    print("librdkafka \(KafkaLibrary.version)")
    print("libpq \(pq / 10_000).\(pq % 10_000)")
    print("zstd \(unsafe String(cString: ZSTD_versionString()))")
    return .done
  }
}
