extension BrokenFile {
  /// What the `postgres` section refuses, and substitutions that fail. No message shows a secret.
  static let postgres: [BrokenFile] = [
    BrokenFile(
      "a URL of another database", after: .postgres,
      """
        url: mysql://root:hunter2@db/x
      """,
      says: """
        config: meterd.yaml:3:8: 'postgres.url' has a wrong value (not shown; a postgresql:// or postgres:// URL or \
        a key=value connection string, up to 4096 bytes); correct it
        """),
    BrokenFile(
      "a host instead of a URL", after: .postgres,
      """
        url: db.example.com
      """,
      says: """
        config: meterd.yaml:3:8: 'postgres.url' has a wrong value (not shown; a postgresql:// or postgres:// URL or \
        a key=value connection string, up to 4096 bytes); correct it
        """),
    BrokenFile(
      "an empty URL", after: .postgres,
      """
        url: ''
      """,
      says: """
        config: meterd.yaml:3:8: 'postgres.url' has a wrong value (not shown; a postgresql:// or postgres:// URL or \
        a key=value connection string, up to 4096 bytes); correct it
        """),
    BrokenFile(
      "a URL and a file", after: .postgres,
      """
        url: postgresql:///m
        url_file: secret.txt
      """,
      says: """
        config: meterd.yaml:4:3: 'postgres.url' is given both as text and as a file; keep one of them
        """),
    BrokenFile(
      "a missing secret file", after: .postgres,
      """
        url_file: missing.txt
      """,
      says: """
        config: meterd.yaml:3:13: 'postgres.url_file' cannot be read ('missing.txt'; no such file); name a readable \
        file
        """),
    BrokenFile(
      "a secret file that is a directory", after: .postgres,
      """
        url_file: /
      """,
      says: """
        config: meterd.yaml:3:13: 'postgres.url_file' cannot be read ('/'; it is a directory); name a readable file
        """),
    BrokenFile(
      "an unset variable", after: .postgres,
      """
        url: postgresql://m:${DATABASE_PASSWORD}@db/m
      """,
      says: """
        config: meterd.yaml:3:8: 'postgres.url' reads the environment variable 'DATABASE_PASSWORD', which is not \
        set; set it or write ${DATABASE_PASSWORD:-default}
        """),
    BrokenFile(
      "an unfinished substitution", after: .postgres,
      """
        url: postgresql://m:${PASSWORD@db/m
      """,
      says: """
        config: meterd.yaml:3:8: 'postgres.url' has a '${' without '}'; close it, or write '$$' for a dollar
        """),
    BrokenFile(
      "a substitution without a name", after: .postgres,
      """
        url: postgresql://m:${}@db/m
      """,
      says: """
        config: meterd.yaml:3:8: 'postgres.url' has a substitution that cannot be read; write ${NAME} or \
        ${NAME:-default}, or '$$' for a dollar
        """),
    BrokenFile(
      "a substitution of another shell", after: .postgres,
      """
        url: postgresql://m:${A:?no}@db/m
      """,
      says: """
        config: meterd.yaml:3:8: 'postgres.url' has a substitution that cannot be read; write ${NAME} or \
        ${NAME:-default}, or '$$' for a dollar
        """),
    BrokenFile(
      "a quoted number", after: .postgres,
      """
        url: postgresql:///m
        connections: "4"
      """,
      says: """
        config: meterd.yaml:4:16: 'postgres.connections' is a text ('4'; it takes an integer from 1 to 64); remove \
        the quotes
        """),
    BrokenFile(
      "a number with a point", after: .postgres,
      """
        url: postgresql:///m
        connections: 4.0
      """,
      says: """
        config: meterd.yaml:4:16: 'postgres.connections' has a wrong value ('4.0'; it takes an integer from 1 to \
        64); correct it
        """),
    BrokenFile(
      "no connections", after: .postgres,
      """
        url: postgresql:///m
        connections: 0
      """,
      says: """
        config: meterd.yaml:4:16: 'postgres.connections' is out of bounds ('0'; it takes an integer from 1 to 64); \
        choose a value inside them
        """),
    BrokenFile(
      "too many connections", after: .postgres,
      """
        url: postgresql:///m
        connections: 65
      """,
      says: """
        config: meterd.yaml:4:16: 'postgres.connections' is out of bounds ('65'; it takes an integer from 1 to 64); \
        choose a value inside them
        """),
    BrokenFile(
      "a boolean of another tongue", after: .postgres,
      """
        url: postgresql:///m
        migrate: yes
      """,
      says: """
        config: meterd.yaml:4:12: 'postgres.migrate' has a wrong value ('yes'; it takes true or false); correct it
        """),
    BrokenFile(
      "a quoted boolean", after: .postgres,
      """
        url: postgresql:///m
        migrate: "true"
      """,
      says: """
        config: meterd.yaml:4:12: 'postgres.migrate' is a text ('true'; it takes true or false); remove the quotes
        """),
  ]
}
