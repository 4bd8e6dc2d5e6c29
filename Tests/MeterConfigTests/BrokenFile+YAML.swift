extension BrokenFile {
  /// Files that are not sound YAML, have no such setting, or lack one.
  static let yaml: [BrokenFile] = [
    BrokenFile(
      "a misspelt section",
      """
      flsh: { interval: 1s }
      """,
      says: """
        config: meterd.yaml:3:1: 'flsh' is not a setting; did you mean 'flush'?
        """),
    BrokenFile(
      "a misspelt setting",
      """
      flush:
        intervl: 1s
      """,
      says: """
        config: meterd.yaml:4:3: 'flush.intervl' is not a setting; did you mean 'flush.interval'?
        """),
    BrokenFile(
      "a misspelt setting of three letters more",
      """
      dedupe:
        windowww: 1h
      """,
      says: """
        config: meterd.yaml:4:3: 'dedupe.windowww' is not a setting; did you mean 'dedupe.window'?
        """),
    BrokenFile(
      "a setting at the top that belongs into a section",
      """
      brokers: a:1
      """,
      says: """
        config: meterd.yaml:3:1: 'brokers' is not a setting; did you mean 'kafka.brokers'?
        """),
    BrokenFile(
      "a setting in the wrong section",
      """
      log:
        listen: 127.0.0.1:80
      """,
      says: """
        config: meterd.yaml:4:3: 'log.listen' is not a setting; did you mean 'http.listen'?
        """),
    BrokenFile(
      "a setting like no other",
      """
      http:
        zzzzzzzz: 1
      """,
      says: """
        config: meterd.yaml:4:3: 'http.zzzzzzzz' is not a setting; 'http' has listen, auth, tls_cert or tls_key
        """),
    BrokenFile(
      "a section like no other",
      """
      telemetry_exporter: {}
      """,
      says: """
        config: meterd.yaml:3:1: 'telemetry_exporter' is not a setting; remove it
        """),
    BrokenFile(
      "a setting that takes no file",
      """
      http:
        listen_file: /run/x
      """,
      says: """
        config: meterd.yaml:4:3: 'http.listen_file' is not a setting; 'http' has listen, auth, tls_cert or tls_key
        """),
    BrokenFile(
      "a merge key",
      """
      <<: {}
      """,
      says: """
        config: meterd.yaml:3:1: '<<' is not a setting; remove it
        """),
    BrokenFile(
      "the same key twice",
      """
      log: { level: info }
      log: { format: json }
      """,
      says: """
        config: meterd.yaml:4:1: the key 'log' comes twice (first in line 3); keep one of them
        """),
    BrokenFile(
      "the same setting twice",
      """
      log: { level: info, level: debug }
      """,
      says: """
        config: meterd.yaml:3:21: the key 'level' comes twice (first in line 3); keep one of them
        """),
    BrokenFile(
      "an anchor",
      """
      log: &log { level: info }
      """,
      says: """
        config: meterd.yaml:3:6: YAML anchors are not taken; remove the '&' name and write values out
        """),
    BrokenFile(
      "an alias",
      """
      log: { level: *level }
      """,
      says: """
        config: meterd.yaml:3:15: YAML aliases are not taken; write the value out
        """),
    BrokenFile(
      "a tag",
      """
      log: { level: !!str info }
      """,
      says: """
        config: meterd.yaml:3:15: YAML tags are not taken; remove the '!' tag
        """),
    BrokenFile(
      "a second document",
      """
      ---
      log: {}
      """,
      says: """
        config: meterd.yaml:3:1: a second document begins here; keep one document in a file
        """),
    BrokenFile(
      "a key that is a list",
      """
      [a, b]: 1
      """,
      says: """
        config: meterd.yaml:3:1: a key is not a single word; write keys as plain words
        """),
    BrokenFile(
      "a tab as indentation",
      """
      log:
      \tlevel: info
      """,
      says: """
        config: meterd.yaml:4:1: this is not sound YAML (found character that cannot start any token); correct the \
        line
        """),
    BrokenFile(
      "an open bracket", after: .nothing,
      """
      kafka:
        topics: [usage.events
      """,
      says: """
        config: meterd.yaml:3:1: this is not sound YAML (did not find expected ',' or ']'); correct the line
        """),
    BrokenFile(
      "an open quote",
      """
      log: { level: 'info }
      """,
      says: """
        config: meterd.yaml:4:1: this is not sound YAML (found unexpected end of stream); correct the line
        """),
    BrokenFile(
      "a file that is a list", after: .nothing,
      """
      - kafka
      """,
      says: """
        config: meterd.yaml:1:1: the file is a list, not a mapping; write 'key: value' lines
        """),
    BrokenFile(
      "a file that is one word", after: .nothing,
      """
      kafka
      """,
      says: """
        config: meterd.yaml:1:1: the file is a single value, not a mapping; write 'key: value' lines
        """),
    BrokenFile(
      "a section that is a value",
      """
      flush: 1s
      """,
      says: """
        config: meterd.yaml:3:8: 'flush' is a single value, not a mapping; write 'key: value' lines
        """),
    BrokenFile(
      "a section that is a list",
      """
      flush: [1s]
      """,
      says: """
        config: meterd.yaml:3:8: 'flush' is a list, not a mapping; write 'key: value' lines
        """),
    BrokenFile(
      "no brokers", after: .nothing,
      """
      postgres: { url: postgresql:///m }
      """,
      says: """
        config: meterd.yaml: 'kafka.brokers' is missing (it takes HOST:PORT, several with commas, up to 4096 \
        bytes); set it
        """),
    BrokenFile(
      "no database", after: .nothing,
      """
      kafka: { brokers: "a:9092" }
      """,
      says: """
        config: meterd.yaml: 'postgres.url' is missing (it takes a postgresql:// or postgres:// URL or a key=value \
        connection string, up to 4096 bytes); set it or 'postgres.url_file'
        """),
    BrokenFile(
      "an empty file", after: .nothing,
      "",
      says: """
        config: meterd.yaml: 'kafka.brokers' is missing (it takes HOST:PORT, several with commas, up to 4096 \
        bytes); set it
        """),
  ]
}
