import Glibc
import KafkaEdge
import MeterConfig
import MeterCore
import MeterModel
import MeterTelemetry

extension KafkaSettings {
  public init(_ settings: Settings) {
    var properties: [String: String] = [:]
    for property in settings.kafka.properties.all { properties[property.name] = property.value }
    self.init(
      brokers: settings.kafka.brokers, topics: settings.kafka.topics, group: settings.kafka.group,
      instance: settings.kafka.instanceID, properties: properties)
  }
}

extension Tally.Rules {
  init(_ settings: Settings) {
    self.init(
      windows: WindowGrid(length: settings.rollup.window), dedupeWindow: settings.dedupe.window,
      pastMax: settings.time.maxPast, futureMax: settings.time.maxFuture, seriesMax: settings.series.maxPerMeter)
  }
}

extension Settings {
  var laneCount: Int {
    switch lanes {
    case .auto: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    case .count(let count): count
    }
  }
}

extension LogLevel {
  public init(_ level: Settings.LogLevel) {
    switch level {
    case .debug: self = .debug
    case .info: self = .info
    case .warn: self = .warn
    case .error: self = .error
    }
  }
}

extension LogFormat {
  public init(_ format: Settings.LogFormat) {
    switch format {
    case .json: self = .json
    case .text: self = .text
    }
  }
}
