extension BrokenFile {
  /// What the `kafka` section refuses.
  static let kafka: [BrokenFile] = [
    BrokenFile(
      "brokers without a port", after: .nothing,
      """
      kafka: { brokers: localhost }
      """,
      says: """
        config: meterd.yaml:1:19: 'kafka.brokers' has a wrong value ('localhost'; it takes HOST:PORT, several with \
        commas, up to 4096 bytes); correct it
        """),
    BrokenFile(
      "brokers with a comma too many", after: .nothing,
      """
      kafka: { brokers: "a:9092," }
      """,
      says: """
        config: meterd.yaml:1:19: 'kafka.brokers' has a wrong value ('a:9092,'; it takes HOST:PORT, several with \
        commas, up to 4096 bytes); correct it
        """),
    BrokenFile(
      "brokers as a list", after: .nothing,
      """
      kafka: { brokers: [a:9092] }
      """,
      says: """
        config: meterd.yaml:1:19: 'kafka.brokers' is a list (it takes HOST:PORT, several with commas, up to 4096 \
        bytes); write one value
        """),
    BrokenFile(
      "one topic not in a list", after: .kafka,
      """
        topics: usage.events
      """,
      says: """
        config: meterd.yaml:4:11: 'kafka.topics' is a single value (it takes a list of 1 to 64, each a topic name \
        of 1 to 249 letters, digits, '.', '_' or '-'); write it in brackets: [a, b]
        """),
    BrokenFile(
      "no topics", after: .kafka,
      """
        topics: []
      """,
      says: """
        config: meterd.yaml:4:11: 'kafka.topics' is empty (it takes a list of 1 to 64, each a topic name of 1 to \
        249 letters, digits, '.', '_' or '-'); name at least one
        """),
    BrokenFile(
      "a topic twice", after: .kafka,
      """
        topics: [a, b, a]
      """,
      says: """
        config: meterd.yaml:4:18: 'kafka.topics' names 'a' twice; keep one of them
        """),
    BrokenFile(
      "a topic with a blank", after: .kafka,
      """
        topics: [usage events]
      """,
      says: """
        config: meterd.yaml:4:12: 'kafka.topics' has a wrong entry ('usage events'; each is a topic name of 1 to \
        249 letters, digits, '.', '_' or '-'); correct it
        """),
    BrokenFile(
      "a pattern for topics", after: .kafka,
      """
        topics: ['^usage.*']
      """,
      says: """
        config: meterd.yaml:4:12: 'kafka.topics' has a wrong entry ('^usage.*'; each is a topic name of 1 to 249 \
        letters, digits, '.', '_' or '-'); correct it
        """),
    BrokenFile(
      "too many topics", after: .kafka,
      """
        topics: [t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15, t16, t17, t18, t19, t20, \
      t21, t22, t23, t24, t25, t26, t27, t28, t29, t30, t31, t32, t33, t34, t35, t36, t37, t38, t39, t40, t41, t42, \
      t43, t44, t45, t46, t47, t48, t49, t50, t51, t52, t53, t54, t55, t56, t57, t58, t59, t60, t61, t62, t63, t64]
      """,
      says: """
        config: meterd.yaml:4:322: 'kafka.topics' has too many entries (65; at most 64); name fewer
        """),
    BrokenFile(
      "an empty group", after: .kafka,
      """
        group: ''
      """,
      says: """
        config: meterd.yaml:4:10: 'kafka.group' has a wrong value (''; it takes a text of 1 to 249 bytes without \
        control characters); correct it
        """),
    BrokenFile(
      "a group without a value", after: .kafka,
      """
        group:
      """,
      says: """
        config: meterd.yaml:4:9: 'kafka.group' has no value (it takes a text of 1 to 249 bytes without control \
        characters); give it one or remove the line
        """),
    BrokenFile(
      "an instance with a slash", after: .kafka,
      """
        instance_id: pod/1
      """,
      says: """
        config: meterd.yaml:4:16: 'kafka.instance_id' has a wrong value ('pod/1'; it takes empty, or 1 to 249 \
        letters, digits, '.', '_' or '-'); correct it
        """),
    BrokenFile(
      "automatic commits", after: .kafka,
      """
        properties:
          enable.auto.commit: true
      """,
      says: """
        config: meterd.yaml:5:5: 'kafka.properties.enable.auto.commit' cannot be set (positions are kept in \
        PostgreSQL); remove it
        """),
    BrokenFile(
      "automatic offset store", after: .kafka,
      """
        properties: { enable.auto.offset.store: true }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.enable.auto.offset.store' cannot be set (positions are kept in \
        PostgreSQL); remove it
        """),
    BrokenFile(
      "an offset reset", after: .kafka,
      """
        properties: { auto.offset.reset: earliest }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.auto.offset.reset' cannot be set (positions are kept in \
        PostgreSQL); remove it
        """),
    BrokenFile(
      "reading uncommitted records", after: .kafka,
      """
        properties: { isolation.level: read_uncommitted }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.isolation.level' cannot be set (only committed records are \
        counted); remove it
        """),
    BrokenFile(
      "another group", after: .kafka,
      """
        properties: { group.id: other }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.group.id' cannot be set (it has a setting of its own); set \
        'kafka.group'
        """),
    BrokenFile(
      "another instance", after: .kafka,
      """
        properties: { group.instance.id: other }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.group.instance.id' cannot be set (it has a setting of its own); \
        set 'kafka.instance_id'
        """),
    BrokenFile(
      "other brokers", after: .kafka,
      """
        properties: { bootstrap.servers: "b:9092" }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.bootstrap.servers' cannot be set (it has a setting of its own); \
        set 'kafka.brokers'
        """),
    BrokenFile(
      "other brokers by their old name", after: .kafka,
      """
        properties: { metadata.broker.list: "b:9092" }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.metadata.broker.list' cannot be set (it has a setting of its \
        own); set 'kafka.brokers'
        """),
    BrokenFile(
      "another assignment", after: .kafka,
      """
        properties: { partition.assignment.strategy: roundrobin }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.partition.assignment.strategy' cannot be set (partitions are \
        handed over in a way that loses nothing); remove it
        """),
    BrokenFile(
      "unchecked records", after: .kafka,
      """
        properties: { check.crcs: false }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.check.crcs' cannot be set (damaged records must be noticed); \
        remove it
        """),
    BrokenFile(
      "another group protocol", after: .kafka,
      """
        properties: { group.protocol: consumer }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.group.protocol' cannot be set (partitions are handed over in a \
        way that loses nothing); remove it
        """),
    BrokenFile(
      "a remote assignor", after: .kafka,
      """
        properties: { group.remote.assignor: uniform }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.group.remote.assignor' cannot be set (partitions are handed \
        over in a way that loses nothing); remove it
        """),
    BrokenFile(
      "ends of partitions", after: .kafka,
      """
        properties: { enable.partition.eof: true }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.enable.partition.eof' cannot be set (the daemon knows the end \
        of a partition by itself); remove it
        """),
    BrokenFile(
      "a short poll interval", after: .kafka,
      """
        properties: { max.poll.interval.ms: 5000 }
      """,
      says: """
        config: meterd.yaml:4:39: 'kafka.properties.max.poll.interval.ms' is too short ('5000'; at least 60000 \
        milliseconds); leave a revoked partition the time for its last flush
        """),
    BrokenFile(
      "properties in a list", after: .kafka,
      """
        properties: [debug]
      """,
      says: """
        config: meterd.yaml:4:15: 'kafka.properties' is a list (it takes a mapping of librdkafka properties); write \
        one property a line
        """),
    BrokenFile(
      "a property with a mapping", after: .kafka,
      """
        properties: { sasl: { password: hunter2 } }
      """,
      says: """
        config: meterd.yaml:4:23: 'kafka.properties.sasl' is a mapping (it takes a text); write one value
        """),
    BrokenFile(
      "a property without a name", after: .kafka,
      """
        properties: { "": x }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.' is not the name of a librdkafka property; correct it
        """),
    BrokenFile(
      "a file for what is no secret", after: .kafka,
      """
        properties: { security.protocol_file: /run/x }
      """,
      says: """
        config: meterd.yaml:4:17: 'kafka.properties.security.protocol_file': only a secret may be given as a file; \
        set 'security.protocol'
        """),
    BrokenFile(
      "a secret property twice", after: .kafka,
      """
        properties: { sasl.password: hunter2, sasl.password_file: secret.txt }
      """,
      says: """
        config: meterd.yaml:4:61: 'kafka.properties.sasl.password_file' cannot be read ('secret.txt'; no such \
        file); name a readable file
        """),
    BrokenFile(
      "a limit topic that is read", after: .kafka,
      """
        limit_topic: usage.events
      """,
      says: """
        config: meterd.yaml:4:3: 'kafka.limit_topic' is also one of 'kafka.topics' ('usage.events'); give limit \
        events a topic of their own
        """),
  ]
}
