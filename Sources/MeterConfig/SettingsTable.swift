import MeterModel

/// One setting: everything the parser, the sample file and the messages know about it.
struct Setting: Sendable {
  let path: String
  let kind: SettingKind
  /// The default as the file would say it. For a setting without one, the example that the sample file shows.
  let fallback: String
  /// Whether a configuration that does not say it is refused.
  var isRequired = false
  /// Whether SIGHUP makes a change of it so; else it waits for a restart.
  var isLive = false
  /// Whether the feature behind it is in this build. One that is not may only be said at its default.
  var inBuild = true
  let meaning: String

  var section: String { path.split(separator: ".").count > 1 ? String(path.prefix { $0 != "." }) : "" }
  var name: String { path.split(separator: ".").last.map(String.init) ?? path }

  var isSecret: Bool {
    if case .secret = kind { return true }
    return false
  }
}

/// All settings in the order of the manual.
struct SettingsTable: Sendable {
  var rows: [Setting]

  subscript(path: String) -> Setting? { rows.first { $0.path == path } }

  func isSection(_ path: String) -> Bool { rows.contains { $0.section == path } }

  /// Every name that could have been meant, sections first.
  var names: [String] {
    var names: [String] = []
    for row in rows where !row.section.isEmpty && !names.contains(row.section) { names.append(row.section) }
    return names + rows.flatMap { $0.isSecret ? [$0.path, $0.path + "_file"] : [$0.path] }
  }

  static let whole = SettingsTable(rows: kafka + postgres + counting + resources + edges)
}

extension SettingsTable {
  private static let kafka: [Setting] = [
    Setting(
      path: "kafka.brokers", kind: .text(\.kafka.brokers, .brokers), fallback: "127.0.0.1:9092", isRequired: true,
      meaning: """
        The brokers to ask first, host:port, several with commas. Any one that answers tells of the others, so two or \
        three are enough for a cluster of any size.
        """),
    Setting(
      path: "kafka.topics", kind: .texts(\.kafka.topics, .topic, countMax: 64), fallback: "[usage.events]",
      meaning: """
        The topics that carry usage events. Every partition of each is counted exactly once by one of the daemons \
        that share the group. Producers should use the tenant as the key, so that one partition sees all of a \
        tenant's events in order.
        """),
    Setting(
      path: "kafka.group", kind: .text(\.kafka.group, .group), fallback: "meterd",
      meaning: """
        The consumer group. Daemons with the same group share the partitions; the position of each partition is kept \
        in PostgreSQL per topic and partition, so two groups must never count into one database.
        """),
    Setting(
      path: "kafka.instance_id", kind: .text(\.kafka.instanceID, .instance), fallback: "''",
      meaning: """
        Static membership: a name of this one daemon that stays over restarts, such as a host or pod name. A daemon \
        that comes back under it within the session timeout gets its partitions back without disturbing the others. \
        Empty is off.
        """),
    Setting(
      path: "kafka.properties", kind: .properties(\.kafka.properties), fallback: "{}",
      meaning: """
        Any librdkafka property, its value taken as text: security.protocol, sasl.mechanism, ssl.ca.location and the \
        like. Ones that would break the promise of counting exactly once are refused by name. A secret may be given \
        as a file by adding _file to its name: sasl.password_file, ssl.key.password_file.
        """),
    Setting(
      path: "kafka.limit_topic", kind: .text(\.kafka.limitTopic, .topicOrNone), fallback: "''",
      meaning: """
        When set, limit events are produced to this topic too, keyed by tenant, after the commit that made them. It \
        cannot be one of the topics read.
        """),
  ]

  private static let postgres: [Setting] = [
    Setting(
      path: "postgres.url", kind: .secret(\.postgres.url, .postgres),
      fallback: "postgresql://meterd@127.0.0.1:5432/meterd", isRequired: true,
      meaning: """
        The database that holds everything, as a URL or as a key=value connection string; whatever libpq takes may \
        stand in it. It is a secret and never printed. To keep it out of this file, give url_file instead: the path \
        of a file that holds it, or read it from the environment: ${METERD_POSTGRES_URL}.
        """),
    Setting(
      path: "postgres.connections", kind: .integer(\.postgres.connections, 1...64), fallback: "4",
      meaning: """
        The most connections this daemon opens. One commits flushes; the others serve questions and load counts that \
        are not in memory.
        """),
    Setting(
      path: "postgres.migrate", kind: .boolean(\.postgres.migrate), fallback: "true",
      meaning: """
        Whether a daemon brings the schema to its own version when it starts. With false it refuses to start on \
        another version, and 'meterd migrate' does it.
        """),
  ]

  private static let counting: [Setting] = [
    Setting(
      path: "rollup.window", kind: .oneDuration(\.rollup.window, WindowGrid.lengths),
      fallback: "1h",
      meaning: """
        The length of the windows that usage is counted in, aligned to UTC. Billing periods are whole windows, so \
        take 15m where tenants live in time zones of half or quarter hours. Fixed once the database holds data.
        """),
    Setting(
      path: "dedupe.window", kind: .duration(\.dedupe.window, .seconds(1) ... .days(90)), fallback: "24h",
      meaning: """
        For how long an event is remembered after it was counted, so that the same event sent again is a duplicate \
        and not counted twice; also for how long it can be voided. Each remembered event costs memory and a row's \
        share in the database.
        """),
    Setting(
      path: "dedupe.over_budget", kind: .choice(\.dedupe.overBudget), fallback: "shorten", inBuild: false,
      meaning: """
        What happens when memory cannot hold the window. With shorten the oldest are forgotten early, with an alarm \
        and a metric of the window really held. With wait reading pauses until the oldest expire.
        """),
    Setting(
      path: "time.max_past", kind: .duration(\.time.maxPast, .minutes(1) ... .days(400)), fallback: "35d",
      meaning: """
        How far an event's time may lie before its record's Kafka timestamp. An older one is quarantined as too_old. \
        At least one rollup.window.
        """),
    Setting(
      path: "time.max_future", kind: .duration(\.time.maxFuture, .seconds(0) ... .hours(24)), fallback: "10m",
      meaning: """
        How far an event's time may lie after its record's Kafka timestamp, for producers whose clocks are ahead. A \
        later one is quarantined as in_future, and so is every event of a record that is itself that far ahead of \
        this machine's clock.
        """),
    Setting(
      path: "events.max_size", kind: .size(\.events.maxSize, .kibibytes(1) ... .mebibytes(64)), fallback: "1MiB",
      meaning: """
        The largest value of a record, after decompression. A larger one is quarantined as too_large. Sixteen of \
        these must fit into memory.budget.
        """),
    Setting(
      path: "flush.interval", kind: .duration(\.flush.interval, .milliseconds(10) ... .seconds(10)), fallback: "1s",
      isLive: true,
      meaning: """
        How often what was counted is committed to PostgreSQL. It is also how late usage and limit events are seen: a \
        shorter one is fresher, a longer one is less work for the database.
        """),
    Setting(
      path: "flush.max_rows", kind: .integer(\.flush.maxRows, 1...1_000_000), fallback: "50000", isLive: true,
      meaning: """
        A flush is also due when a partition has this many rows to write, so that one transaction never grows without \
        bound.
        """),
    Setting(
      path: "series.max_per_meter", kind: .integer(\.series.maxPerMeter, 1...1_000_000), fallback: "10000",
      meaning: """
        The most different dimension values for one tenant, meter and window. New values beyond it are counted under \
        '~other' for every dimension; the tenant's total stays exact.
        """),
    Setting(
      path: "unique.exact_max", kind: .integer(\.unique.exactMax, 1...16_777_216), fallback: "65536",
      meaning: """
        Up to this many different values per series and window a unique meter is exact. Beyond it every second value \
        is kept, then every fourth, chosen by a hash: the count is then right to about 1.2 / sqrt(unique.exact_max) \
        (0.5 % by default), and every figure made from it says that it is approximate.
        """),
    Setting(
      path: "seal.grace", kind: .duration(\.seal.grace, .seconds(0) ... .days(35)), fallback: "1h", inBuild: false,
      meaning: """
        How long after a period's end late events are still counted into it before its boundary is drawn. What comes \
        later becomes an adjustment.
        """),
  ]

  private static let resources: [Setting] = [
    Setting(
      path: "lanes", kind: .lanes(\.lanes, 1...256), fallback: "auto",
      meaning: """
        How many partitions are counted at the same time, each lane on a processor of its own. With auto as many as \
        the machine has processors for.
        """),
    Setting(
      path: "memory.budget", kind: .size(\.memory.budget, .mebibytes(256) ... .gibibytes(4096)), fallback: "4GiB",
      meaning: """
        The memory that counts, remembered events and records in flight may take together. What would exceed it \
        waits, or is forgotten as dedupe.over_budget says. The process itself needs about 100MiB besides.
        """),
  ]

  private static let edges: [Setting] = [
    Setting(
      path: "check.unknown", kind: .choice(\.check.unknown), fallback: "allow", inBuild: false,
      meaning: "What a check answers for a tenant that is unknown or has no subscription."),
    Setting(
      path: "http.listen", kind: .address(\.http.listen), fallback: "127.0.0.1:8080",
      meaning: """
        Where the HTTP server listens, HOST:PORT, IPv6 in brackets. Port 0 takes a free one and logs it. 0.0.0.0:8080 \
        and [::]:8080 listen on every address.
        """),
    Setting(
      path: "http.auth", kind: .choice(\.http.authentication), fallback: "keys",
      meaning: """
        With keys every request but /healthz and /readyz carries an API key. None is for trying things out and \
        accepted only on a loopback address.
        """),
    Setting(
      path: "http.tls_cert", kind: .path(\.http.tlsCertificatePath), fallback: "''",
      meaning: """
        The PEM file with the server's certificate and its chain; with http.tls_key it turns TLS on. Empty is plain \
        HTTP. A relative path starts at the directory of this file.
        """),
    Setting(
      path: "http.tls_key", kind: .path(\.http.tlsKeyPath), fallback: "''",
      meaning: "The PEM file with the private key of http.tls_cert."),
    Setting(
      path: "limit_log.path", kind: .path(\.limitLog.path), fallback: "''",
      meaning: """
        The file that limit events are written to, one JSON object a line. Empty is off, '-' is stdout. SIGHUP opens \
        it anew.
        """),
    Setting(
      path: "limit_log.max_size", kind: .size(\.limitLog.maxSize, .mebibytes(1) ... .gibibytes(64)), fallback: "256MiB",
      meaning: "The size at which the limit log is rotated, always between two lines."),
    Setting(
      path: "limit_log.keep", kind: .integer(\.limitLog.keep, 1...1000), fallback: "8",
      meaning: "How many rotated limit logs are kept; the oldest beyond it is removed."),
    Setting(
      path: "log.level", kind: .choice(\.log.level), fallback: "info", isLive: true,
      meaning: "The least important log lines that are written."),
    Setting(
      path: "log.format", kind: .choice(\.log.format), fallback: "json",
      meaning: "How log lines look on stderr: json is one object a line, text is for reading on a terminal."),
  ]
}
