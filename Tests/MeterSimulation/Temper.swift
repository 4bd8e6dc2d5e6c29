import MeterCore
import MeterModel
import TestDice

/// What kind of world a seed is: how large batches are, how often things fail, how long answers take.
struct Temper {
  var daemons: Int
  var bounds: PartitionRound.Bounds
  var batchMax: Int
  /// Batches that may be under way to a lane.
  var credits: Int
  /// How often more of a log becomes visible, and how much.
  var growths: Int
  var growthMs: Int
  /// Failures of calls among a thousand.
  var failures: Int
  /// How many of the calls are slow, among a thousand, and how slow.
  var slowCalls: Int
  var slowMs: Int
  /// Mean times between events, in milliseconds; 0 is never.
  var rebalanceMs: Int
  var crashMs: Int
  /// How many among a hundred partitions that move are taken over before their owner lets go.
  var overlaps: Int
  /// How many fetches among a thousand go back below what was delivered.
  var redeliveries: Int
  /// How many fetches among a thousand find that the log cannot be read.
  var breaks: Int
  var deliveryMs: Int
  /// How many among a hundred windows are thrown out of memory with each commit.
  var evictions: Int
  /// Series that may stay in memory behind a commit; nil is as many as there are.
  var residentMax: Int?
  /// Rows that a restore brings at most.
  var recentMax: Int

  init(_ dice: inout Dice, records: Int) {
    daemons = 2 + dice.below(2)
    growths = dice.pick([6, 20, 60])
    growthMs = dice.pick([40, 200, 800])
    let lengthMs = growths * growthMs
    bounds = PartitionRound.Bounds(
      flushInterval: .milliseconds(Int64(dice.pick([20, 100, 400, 1_000]))), flushRows: dice.pick([40, 400, 5_000]),
      pendingBytes: dice.pick([20_000, 200_000, 10_000_000]),
      retryFirst: .milliseconds(Int64(dice.pick([5, 50, 200]))),
      retryLast: .milliseconds(Int64(dice.pick([200, 2_000]))),
      idleCommit: .milliseconds(Int64(dice.pick([200, 5_000]))))
    batchMax = dice.pick([3, 20, 100, 600, 3_000])
    credits = dice.pick([1, 2, 4])
    failures = dice.pick([0, 20, 60, 200])
    slowCalls = dice.pick([0, 50, 200])
    slowMs = dice.pick([50, 500, 3_000])
    rebalanceMs = dice.pick([0, lengthMs / 4, lengthMs / 12, lengthMs / 30])
    crashMs = dice.pick([0, lengthMs / 3, lengthMs / 8])
    overlaps = dice.pick([0, 30, 80])
    redeliveries = dice.pick([0, 50, 300])
    breaks = dice.pick([0, 0, 5])
    deliveryMs = dice.pick([1, 20, 200])
    evictions = dice.pick([0, 0, 10, 50, 100])
    residentMax = dice.pick([nil, nil, 20, 300])
    recentMax = dice.pick([0, 20, 300, 1_000_000])
  }

  /// When chance begins to spare the world, so that it can be brought to its end.
  var quietNs: Int64 { Int64(growths * growthMs) * 1_200_000 }
}
