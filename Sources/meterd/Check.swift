import KafkaEdge
import MeterConfig
import MeterModel
import MeterRuntime
import MeterTelemetry
import PostgresEdge

enum Check {
  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let settings = try arguments.settings()
    try KafkaSettings(settings).validate()
    print(settings.redacted)
    guard arguments.has("connect") else {
      print("configuration: ok")
      return .done
    }
    print("configuration: ok")
    for line in try KafkaSurvey.run(KafkaSettings(settings)) { print("kafka: \(line)") }
    for line in try PostgresSurvey.run(settings.postgres.url.exposed) { print("postgres: \(line)") }
    return .done
  }
}
