import TestDice
import TestStack

/// Faults of PostgreSQL.
extension Round {
  /// What the contract calls away: it ends without a word and recovers at its next start.
  func crash(_ dice: inout Dice) throws -> Bool {
    try server.cluster.stop(.immediate)
    rest(dice.below(1_500))
    try server.cluster.start()
    return true
  }

  /// A burst of sessions that are ended, the ones that are at work first.
  func terminate(_ dice: inout Dice, _ database: Database) -> Bool {
    var ended = 0
    for _ in 0..<(3 + dice.below(5)) {
      let count = 1 + dice.below(3)
      // Nobody at work for a while is no reason to leave them all in peace.
      for attempt in 0..<20 {
        let rows = try? database.query(
          """
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name like 'meterd%'
            and (state = 'active' and query like '%meterd.apply%' or $1 = '19')
          limit \(count)
          """, ["\(attempt)"])
        let hit = rows?.count { $0[0] == "t" } ?? 0
        ended += hit
        if hit > 0 { break }
        rest(10)
      }
      rest(dice.below(400))
    }
    countTerminated(ended)
    return ended > 0
  }

  /// Another session holds one table, all of them, or rows, for up to some seconds.
  func lock(_ dice: inout Dice, _ database: Database) throws -> Bool {
    let tables = [
      "partition", "rollup", "series", "identity_page", "quarantined", "conflicting", "journal", "level_sample",
    ]
    let statement: String
    switch dice.below(4) {
    case 0:
      let all = try? database.query(
        "select string_agg('meterd.' || tablename, ', ') from pg_tables where schemaname = 'meterd'")
      statement = "lock table \((all?.first?.first ?? nil) ?? "meterd.partition")"
    case 1: statement = "lock table meterd.\(dice.pick(tables))"
    case 2: statement = "lock table meterd.\(dice.pick(tables)) in share mode"
    default: statement = "select id from meterd.partition where id % 2 = \(dice.below(2)) order by id for update"
    }
    let held = 500 + dice.below(4_000)
    chronicle.note("\(statement) for \(held) ms")
    let other = try? Database(stack.databaseURL)
    defer { other?.close() }
    // Where the daemons hold one of the tables and want another, one of us is refused; then it is tried again.
    let got: Void? = try? eventually("the lock", within: .seconds(20), every: .milliseconds(50)) {
      do {
        try other?.execute("begin; set local lock_timeout = '3s'; \(statement)")
        return other != nil
      } catch {
        _ = try? other?.execute("rollback")
        throw error
      }
    }
    guard got != nil else { return false }
    var waiting = 0
    for _ in 0..<(held / 100) {
      rest(100)
      let count = try? database.scalar(
        """
        select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
          and application_name like 'meterd%'
        """)
      waiting = max(waiting, (count ?? nil).flatMap { Int($0) } ?? 0)
    }
    _ = try? other?.execute("commit")
    return waiting > 0
  }

  /// The disk of the tables or that of the log is full until something has felt it, and for a while longer.
  func fillDisk(_ dice: inout Dice) throws -> Bool {
    let which = dice.pick(Server.Disk.allCases)
    guard let disk = server[which], let postgres = server.cluster.server else { return false }
    let line = postgres.nextLine
    try disk.fill()
    chronicle.note("the disk of the \(which) is full")
    let filled = ContinuousClock.now
    let complaint = try? postgres.waitForLine(matching: "No space left on device", from: line, within: .seconds(12))
    chronicle.note(
      "\(complaint == nil ? "nothing complains" : "PostgreSQL complains") after \(filled.duration(to: .now))")
    // What became free meanwhile is taken too: old segments of the log are removed by the server.
    if complaint != nil {
      for _ in 0..<(1 + dice.below(20)) {
        rest(100)
        try? disk.fill()
      }
    }
    try disk.free()
    chronicle.note("the disk of the \(which) is free again")
    // It gives up for good when it cannot even recover.
    rest(200)
    if !server.cluster.isRunning || server.cluster.server?.isRunning != true { try server.cluster.start() }
    return complaint != nil
  }
}
