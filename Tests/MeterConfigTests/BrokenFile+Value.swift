extension BrokenFile {
  /// What the other sections refuse: bounds, types, features of later builds, and combinations.
  static let values: [BrokenFile] = [
    BrokenFile(
      "another window",
      """
      rollup: { window: 2h }
      """,
      says: """
        config: meterd.yaml:3:19: 'rollup.window' has a wrong value ('2h'; it takes 1h, 15m or 1m); correct it
        """),
    BrokenFile(
      "no dedupe window",
      """
      dedupe: { window: 0s }
      """,
      says: """
        config: meterd.yaml:3:19: 'dedupe.window' is out of bounds ('0s'; it takes a duration from 1s to 90d); \
        choose a value inside them
        """),
    BrokenFile(
      "a dedupe window without a unit",
      """
      dedupe: { window: 24 }
      """,
      says: """
        config: meterd.yaml:3:19: 'dedupe.window' is not a duration ('24'; a whole number with one of ms, s, m, h, \
        d); write it like 250ms, 10m or 35d
        """),
    BrokenFile(
      "waiting for memory",
      """
      dedupe: { over_budget: wait }
      """,
      says: """
        config: meterd.yaml:3:24: 'dedupe.over_budget' is not in this build yet (wait; only its default shorten is \
        taken); remove the line
        """),
    BrokenFile(
      "another way over the budget",
      """
      dedupe: { over_budget: crash }
      """,
      says: """
        config: meterd.yaml:3:24: 'dedupe.over_budget' has a wrong value ('crash'; it takes shorten or wait); \
        correct it
        """),
    BrokenFile(
      "a duration with a point",
      """
      flush: { interval: 1.5s }
      """,
      says: """
        config: meterd.yaml:3:20: 'flush.interval' is not a duration ('1.5s'; a whole number with one of ms, s, m, \
        h, d); write it like 250ms, 10m or 35d
        """),
    BrokenFile(
      "a duration of two units",
      """
      flush: { interval: 1m30s }
      """,
      says: """
        config: meterd.yaml:3:20: 'flush.interval' is not a duration ('1m30s'; a whole number with one of ms, s, m, \
        h, d); write it like 250ms, 10m or 35d
        """),
    BrokenFile(
      "a negative duration",
      """
      flush: { interval: -1s }
      """,
      says: """
        config: meterd.yaml:3:20: 'flush.interval' is not a duration ('-1s'; a whole number with one of ms, s, m, \
        h, d); write it like 250ms, 10m or 35d
        """),
    BrokenFile(
      "a duration beyond all numbers",
      """
      flush: { interval: 99999999999999999999s }
      """,
      says: """
        config: meterd.yaml:3:20: 'flush.interval' is not a duration ('99999999999999999999s'; a whole number with \
        one of ms, s, m, h, d); write it like 250ms, 10m or 35d
        """),
    BrokenFile(
      "a duration that overflows",
      """
      time: { max_past: 200000000d }
      """,
      says: """
        config: meterd.yaml:3:19: 'time.max_past' is not a duration ('200000000d'; a whole number with one of ms, \
        s, m, h, d); write it like 250ms, 10m or 35d
        """),
    BrokenFile(
      "a flush too seldom",
      """
      flush: { interval: 1m }
      """,
      says: """
        config: meterd.yaml:3:20: 'flush.interval' is out of bounds ('1m'; it takes a duration from 10ms to 10s); \
        choose a value inside them
        """),
    BrokenFile(
      "a flush too often",
      """
      flush: { interval: 1ms }
      """,
      says: """
        config: meterd.yaml:3:20: 'flush.interval' is out of bounds ('1ms'; it takes a duration from 10ms to 10s); \
        choose a value inside them
        """),
    BrokenFile(
      "no rows in a flush",
      """
      flush: { max_rows: 0 }
      """,
      says: """
        config: meterd.yaml:3:20: 'flush.max_rows' is out of bounds ('0'; it takes an integer from 1 to 1000000); \
        choose a value inside them
        """),
    BrokenFile(
      "rows with a separator",
      """
      flush: { max_rows: 50_000 }
      """,
      says: """
        config: meterd.yaml:3:20: 'flush.max_rows' has a wrong value ('50_000'; it takes an integer from 1 to \
        1000000); correct it
        """),
    BrokenFile(
      "a past shorter than a window",
      """
      time: { max_past: 30m }
      """,
      says: """
        config: meterd.yaml:3:9: 'time.max_past' is shorter than a window (30m; 'rollup.window' is 1h); make it at \
        least one window
        """),
    BrokenFile(
      "a size in decimal units",
      """
      events: { max_size: 1MB }
      """,
      says: """
        config: meterd.yaml:3:21: 'events.max_size' is not a size ('1MB'; a whole number with one of B, KiB, MiB, \
        GiB); write it like 64MiB
        """),
    BrokenFile(
      "a size without a unit",
      """
      events: { max_size: 1048576 }
      """,
      says: """
        config: meterd.yaml:3:21: 'events.max_size' is not a size ('1048576'; a whole number with one of B, KiB, \
        MiB, GiB); write it like 64MiB
        """),
    BrokenFile(
      "an event too large",
      """
      events: { max_size: 1GiB }
      """,
      says: """
        config: meterd.yaml:3:21: 'events.max_size' is out of bounds ('1GiB'; it takes a size from 1KiB to 64MiB); \
        choose a value inside them
        """),
    BrokenFile(
      "a budget too small",
      """
      memory: { budget: 64MiB }
      """,
      says: """
        config: meterd.yaml:3:19: 'memory.budget' is out of bounds ('64MiB'; it takes a size from 256MiB to \
        4096GiB); choose a value inside them
        """),
    BrokenFile(
      "a budget that bears no batch",
      """
      events: { max_size: 64MiB }
      memory: { budget: 512MiB }
      """,
      says: """
        config: meterd.yaml:4:11: 'memory.budget' is too small for 'events.max_size' (512MiB; at least 1GiB, which \
        is 16 events); raise the one or lower the other
        """),
    BrokenFile(
      "no series at all",
      """
      series: { max_per_meter: 0 }
      """,
      says: """
        config: meterd.yaml:3:26: 'series.max_per_meter' is out of bounds ('0'; it takes an integer from 1 to \
        1000000); choose a value inside them
        """),
    BrokenFile(
      "another grace",
      """
      seal: { grace: 2h }
      """,
      says: """
        config: meterd.yaml:3:16: 'seal.grace' is not in this build yet (2h; only its default 1h is taken); remove \
        the line
        """),
    BrokenFile(
      "no lanes",
      """
      lanes: 0
      """,
      says: """
        config: meterd.yaml:3:8: 'lanes' is out of bounds ('0'; it takes auto or an integer from 1 to 256); choose \
        a value inside them
        """),
    BrokenFile(
      "too many lanes",
      """
      lanes: 257
      """,
      says: """
        config: meterd.yaml:3:8: 'lanes' is out of bounds ('257'; it takes auto or an integer from 1 to 256); \
        choose a value inside them
        """),
    BrokenFile(
      "lanes in words",
      """
      lanes: many
      """,
      says: """
        config: meterd.yaml:3:8: 'lanes' has a wrong value ('many'; it takes auto or an integer from 1 to 256); \
        correct it
        """),
    BrokenFile(
      "a denied check",
      """
      check: { unknown: deny }
      """,
      says: """
        config: meterd.yaml:3:19: 'check.unknown' is not in this build yet (deny; only its default allow is taken); \
        remove the line
        """),
    BrokenFile(
      "a port alone",
      """
      http: { listen: ":8080" }
      """,
      says: """
        config: meterd.yaml:3:17: 'http.listen' has a wrong value (':8080'; it takes HOST:PORT, such as \
        127.0.0.1:8080, [::1]:8080 or localhost:8080); correct it
        """),
    BrokenFile(
      "an address without a port",
      """
      http: { listen: 127.0.0.1 }
      """,
      says: """
        config: meterd.yaml:3:17: 'http.listen' has a wrong value ('127.0.0.1'; it takes HOST:PORT, such as \
        127.0.0.1:8080, [::1]:8080 or localhost:8080); correct it
        """),
    BrokenFile(
      "an IPv6 address without brackets",
      """
      http: { listen: "::1:8080" }
      """,
      says: """
        config: meterd.yaml:3:17: 'http.listen' has a wrong value ('::1:8080'; it takes HOST:PORT, such as \
        127.0.0.1:8080, [::1]:8080 or localhost:8080); correct it
        """),
    BrokenFile(
      "a port too large",
      """
      http: { listen: "127.0.0.1:65536" }
      """,
      says: """
        config: meterd.yaml:3:17: 'http.listen' has a wrong value ('127.0.0.1:65536'; it takes HOST:PORT, such as \
        127.0.0.1:8080, [::1]:8080 or localhost:8080); correct it
        """),
    BrokenFile(
      "an address that is none",
      """
      http: { listen: "127.0.0.256:80" }
      """,
      says: """
        config: meterd.yaml:3:17: 'http.listen' has a wrong value ('127.0.0.256:80'; it takes HOST:PORT, such as \
        127.0.0.1:8080, [::1]:8080 or localhost:8080); correct it
        """),
    BrokenFile(
      "no keys on an open address",
      """
      http:
        listen: 0.0.0.0:8080
        auth: none
      """,
      says: """
        config: meterd.yaml:5:3: 'http.auth' is none on an address that others can reach ('0.0.0.0:8080'); set it \
        to keys or listen on 127.0.0.1
        """),
    BrokenFile(
      "a certificate without its key",
      """
      http: { tls_cert: a.pem }
      """,
      says: """
        config: meterd.yaml:3:9: 'http.tls_cert' is set without 'http.tls_key'; set both or none
        """),
    BrokenFile(
      "a key without its certificate",
      """
      http: { tls_key: a.pem }
      """,
      says: """
        config: meterd.yaml:3:9: 'http.tls_key' is set without 'http.tls_cert'; set both or none
        """),
    BrokenFile(
      "another level",
      """
      log: { level: verbose }
      """,
      says: """
        config: meterd.yaml:3:15: 'log.level' has a wrong value ('verbose'; it takes debug, info, warn or error); \
        correct it
        """),
    BrokenFile(
      "another format",
      """
      log: { format: xml }
      """,
      says: """
        config: meterd.yaml:3:16: 'log.format' has a wrong value ('xml'; it takes json or text); correct it
        """),
    BrokenFile(
      "a level that is a list",
      """
      log: { level: [info] }
      """,
      says: """
        config: meterd.yaml:3:15: 'log.level' is a list (it takes debug, info, warn or error); write one value
        """),
    BrokenFile(
      "two faults, the first in the file",
      """
      log: { level: verbose }
      lanes: 0
      """,
      says: """
        config: meterd.yaml:3:15: 'log.level' has a wrong value ('verbose'; it takes debug, info, warn or error); \
        correct it
        """),
    BrokenFile(
      "two combinations, the first in the file",
      """
      time: { max_past: 30m }
      http: { auth: none, listen: "[::]:80" }
      """,
      says: """
        config: meterd.yaml:3:9: 'time.max_past' is shorter than a window (30m; 'rollup.window' is 1h); make it at \
        least one window
        """),
  ]
}
