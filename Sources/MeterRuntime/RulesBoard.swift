import MeterModel
import MeterWire
import Synchronization

/// The catalog in force, compiled. Replaced whole when the catalog changes; a batch is read under one version of it.
final class RulesBoard: Sendable {
  private let rules: Mutex<MeterRules>
  private let seed: UInt64

  init(meters: [Meter], seed: UInt64) {
    self.seed = seed
    rules = Mutex(MeterRules(meters: meters, seed: seed))
  }

  var current: MeterRules { rules.withLock { $0 } }

  /// True if the meters are others than before.
  func replace(_ meters: [Meter]) -> Bool {
    if current.meters == meters { return false }
    let next = MeterRules(meters: meters, seed: seed)
    rules.withLock { $0 = next }
    return true
  }
}
