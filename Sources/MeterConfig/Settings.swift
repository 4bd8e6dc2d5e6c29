import MeterModel

/// The whole configuration of a daemon, checked: what stands here can be acted on without looking again.
///
/// It is made by `Settings.load` and by nothing else, so a value outside its bounds does not exist.
public struct Settings: Sendable, Equatable {
  public struct Kafka: Sendable, Equatable {
    /// `host:port`, several with commas.
    public var brokers = ""
    public var topics: [String] = []
    public var group = ""
    /// Empty: membership is not static.
    public var instanceID = ""
    public var properties = KafkaProperties()
    /// Empty: limit events are not produced.
    public var limitTopic = ""
  }

  public struct Postgres: Sendable, Equatable {
    /// A URL or a connection string, as libpq takes it.
    public var url = Secret("")
    public var connections = 0
    public var migrate = false
  }

  public struct Rollup: Sendable, Equatable {
    public var window = TimeSpan(nanoseconds: 0)
  }

  public enum OverBudget: String, Sendable, CaseIterable {
    case shorten
    case wait
  }

  public struct Dedupe: Sendable, Equatable {
    public var window = TimeSpan(nanoseconds: 0)
    public var overBudget = OverBudget.shorten
  }

  public struct Time: Sendable, Equatable {
    public var maxPast = TimeSpan(nanoseconds: 0)
    public var maxFuture = TimeSpan(nanoseconds: 0)
  }

  public struct Events: Sendable, Equatable {
    public var maxSize = ByteSize(bytes: 0)
  }

  public struct Flush: Sendable, Equatable {
    public var interval = TimeSpan(nanoseconds: 0)
    public var maxRows = 0
  }

  public struct Series: Sendable, Equatable {
    public var maxPerMeter = 0
  }

  public struct Unique: Sendable, Equatable {
    public var exactMax = 0
  }

  public struct Seal: Sendable, Equatable {
    public var grace = TimeSpan(nanoseconds: 0)
  }

  public enum Lanes: Sendable, Equatable {
    /// As many as the machine has processors for.
    case auto
    case count(Int)
  }

  public struct Memory: Sendable, Equatable {
    public var budget = ByteSize(bytes: 0)
  }

  public enum UnknownTenant: String, Sendable, CaseIterable {
    case allow
    case deny
  }

  public struct Check: Sendable, Equatable {
    public var unknown = UnknownTenant.allow
  }

  public enum Authentication: String, Sendable, CaseIterable {
    case keys
    case none
  }

  public struct HTTP: Sendable, Equatable {
    public var listen = ListenAddress(host: "", port: 0)
    public var authentication = Authentication.keys
    /// Both empty: plain HTTP.
    public var tlsCertificatePath = ""
    public var tlsKeyPath = ""
  }

  public struct LimitLog: Sendable, Equatable {
    /// Empty is off, `-` is stdout.
    public var path = ""
    public var maxSize = ByteSize(bytes: 0)
    public var keep = 0
  }

  public enum LogLevel: String, Sendable, CaseIterable {
    case debug
    case info
    case warn
    case error
  }

  public enum LogFormat: String, Sendable, CaseIterable {
    case json
    case text
  }

  public struct Log: Sendable, Equatable {
    public var level = LogLevel.info
    public var format = LogFormat.json
  }

  public var kafka = Kafka()
  public var postgres = Postgres()
  public var rollup = Rollup()
  public var dedupe = Dedupe()
  public var time = Time()
  public var events = Events()
  public var flush = Flush()
  public var series = Series()
  public var unique = Unique()
  public var seal = Seal()
  public var lanes = Lanes.auto
  public var memory = Memory()
  public var check = Check()
  public var http = HTTP()
  public var limitLog = LimitLog()
  public var log = Log()

  /// Every value is still blank; the table of settings fills them all, and has the only copy of each default.
  init() {}
}
