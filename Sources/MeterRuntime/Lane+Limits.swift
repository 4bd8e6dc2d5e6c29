import MeterCore
import MeterModel
import PostgresEdge

/// What the lane knows of tenants' limits: asked for when a tenant comes first, and again when something has changed for it.
extension Lane {
  private static let tenantsAtOnce = 1_000

  /// Whoever changes the catalog meanwhile makes a part of the answer an old one, which is asked for again.
  func loadStandings(
    _ slot: Slot, _ claim: Ledger.Claim, _ answer: @escaping @Sendable (PartitionRound.Fact, String?) -> Void
  ) {
    let (log, stay, places) = (slot.log, slot.stay, slot.strange)
    waiting(slot)
    around.ledger.standings(of: claim.partition, places, around.tallyRules.windows, lane: number) { [self] result in
      switch result {
      case .success(let standings):
        around.gauges.standings.add(standings.all.count)
        queue.async { [self] in
          withSlot(log, stay) { $0.admit(standings) }
        }
        answer(.loaded, nil)
      case .failure(let error): answer(.failed, error.words)
      }
    }
  }

  /// The catalog, or the clock, has changed something for tenants: they are asked about again.
  func hear(_ changes: TenantChanges) {
    queue.async { [self] in
      let rules = around.rules.current
      // Where it is most of them it may as well be all.
      let some = changes.tenants.flatMap { $0.count <= Self.tenantsAtOnce ? $0 : nil }
      let keys = some.map { Set($0.map { rules.key(ofTenant: $0.utf8) }) }
      state.withLock { state in
        state.catalogVersion = changes.version
        for slot in state.slots.values {
          slot.hear(catalogVersion: changes.version)
          slot.forget(keys)
        }
      }
    }
  }

  /// Accounts know of what was counted by the meters of then.
  func forgetTenants() {
    queue.async { [self] in
      state.withLock { state in
        for slot in state.slots.values { slot.forget(nil) }
      }
    }
  }
}
