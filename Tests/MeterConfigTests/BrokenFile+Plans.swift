extension BrokenFile {
  /// Catalogs whose plans, add-ons, tenants or subscriptions are wrong by themselves.
  static let plans = [
    BrokenFile(
      "a plan without a version", after: .nothing,
      #"""
      plans:
        - { name: starter, currency: USD }
      """#,
      says: #"""
        catalog: demo.yaml:2:5: a plan has no 'version'; add it
        """#),
    BrokenFile(
      "a plan's version that is no number", after: .nothing,
      #"""
      plans:
        - { name: starter, version: one, currency: USD }
      """#,
      says: #"""
        catalog: demo.yaml:2:31: 'version' has a wrong value ('one'; a whole number from 1 to 1000000); correct it
        """#),
    BrokenFile(
      "a plan's field that is misspelt", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, features: [], minimun: "1" }
      """#,
      says: #"""
        catalog: demo.yaml:2:63: 'minimun' is not a field of a plan; did you mean 'minimum'?
        """#),
    BrokenFile(
      "a currency that is none", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: EURO }
      """#,
      says: #"""
        catalog: demo.yaml:2:44: 'currency' is none of ISO 4217 ('EURO'); write a code like USD
        """#),
    BrokenFile(
      "a fee that is no number", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, fee: { monthly: "1,99" } }
      """#,
      says: #"""
        catalog: demo.yaml:2:65: 'monthly' has a wrong value ('1,99'; digits like 199.00, at most 12 behind the point, 38 in all); correct it
        """#),
    BrokenFile(
      "a fee below nothing", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, fee: { monthly: "-1" } }
      """#,
      says: #"""
        catalog: demo.yaml:2:65: 'monthly' has a wrong value ('-1'; digits like 199.00, at most 12 behind the point, 38 in all); correct it
        """#),
    BrokenFile(
      "a price of too many digits", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, price: { model: per_unit, unit: "0.0000000000001" } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:105: 'unit' has a wrong value ('0.0000000000001'; digits like 199.00, at most 12 behind the point, 38 in all); correct it
        """#),
    BrokenFile(
      "a trial without a unit", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, trial: 14 }
      """#,
      says: #"""
        catalog: demo.yaml:2:56: 'trial' has a wrong value ('14'; a length of time like 14d or 36h); correct it
        """#),
    BrokenFile(
      "a feature twice", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, features: [a, a] }
      """#,
      says: #"""
        catalog: demo.yaml:2:63: 'features' has an entry that is not a name, or one that is there twice; write each name once, of letters, digits, '.', '_' and '-'
        """#),
    BrokenFile(
      "a meter twice in a plan", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls }, { meter: calls }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:75: the plan names the meter 'calls' twice; keep one of them
        """#),
    BrokenFile(
      "an entry without a meter", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ included: "1" }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:57: an entry of 'usage' has no 'meter'; add it
        """#),
    BrokenFile(
      "a limit of an unknown mode", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, included: "1", limit: { mode: blok } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:103: 'mode' has a wrong value ('blok'; it takes block, throttle, overage or notify); did you mean 'block'?
        """#),
    BrokenFile(
      "a limit of nothing", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, limit: { mode: block } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:80: the limit has no 'at', and nothing is included; add 'at' or 'included'
        """#),
    BrokenFile(
      "a limit on credits", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, included: "1", limit: { mode: block, on: credits } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:114: a limit on credits is not in this build yet; remove it
        """#),
    BrokenFile(
      "a grace that means nothing", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, included: "1", limit: { mode: notify, grace_percent: 5 } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:126: a limit of mode notify has no grace; remove it
        """#),
    BrokenFile(
      "a rate that means nothing", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, included: "1", limit: { mode: block, rate: "10/s" } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:116: a limit of mode block has no rate; remove it or use throttle
        """#),
    BrokenFile(
      "a warning of nothing", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, warn_at: [80] }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:82: 'warn_at' is relative to nothing (there is neither a limit's 'at' nor 'included'); add one of them
        """#),
    BrokenFile(
      "a warning at zero", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, included: "1", warn_at: [0] }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:97: 'warn_at' takes at most 32 percentages above 0, up to 100000; correct it
        """#),
    BrokenFile(
      "a warning that is no number", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, included: "1", warn_at: [most] }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:98: 'warn_at' has an entry that is not a number; write numbers like 80 or 99.5
        """#),
    BrokenFile(
      "a price of an unknown model", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, price: { model: flat, unit: "1" } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:89: 'model' has a wrong value ('flat'; it takes per_unit, graduated, volume or package); choose one of them
        """#),
    BrokenFile(
      "a price with another model's field", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, price: { model: per_unit, unit: "1", size: "2" } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:116: a price of model per_unit has no 'size'; remove it
        """#),
    BrokenFile(
      "a price in another currency", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, price: { model: per_unit, unit: "1", currency: EUR } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:120: a price is due in the plan's currency or in credits ('EUR'); remove it or write credits
        """#),
    BrokenFile(
      "tiers that are not there", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, price: { model: graduated } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:80: the price has no tiers, or more than 100; write them as a list, the last one without 'up_to'
        """#),
    BrokenFile(
      "tiers without an end between", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, price: { model: graduated, tiers: [{ unit: "1" }, { unit: "2" }] } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:108: a tier that is not the last has no 'up_to'; say where it ends
        """#),
    BrokenFile(
      "a last tier that ends", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, price: { model: volume, tiers: [{ up_to: "5", unit: "1" }] } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:114: the last tier has an 'up_to'; remove it: the last one has no end
        """#),
    BrokenFile(
      "tiers that fall", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, price: { model: volume, tiers: [{ up_to: "5", unit: "1" }, { up_to: "5", unit: "1" }, { unit: "1" }] } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:141: 'up_to' is not above the tier before (5); put the tiers in order
        """#),
    BrokenFile(
      "a tier that costs nothing said", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, price: { model: volume, tiers: [{ }] } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:105: the tier has neither 'unit' nor 'flat'; add what it costs
        """#),
    BrokenFile(
      "a package of nothing", after: .nothing,
      #"""
      plans:
        - { name: starter, version: 1, currency: USD, usage: [{ meter: calls, price: { model: package, size: "0", price: "1" } }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:104: a package holds nothing; write how many units it has
        """#),
    BrokenFile(
      "a plan twice", after: .nothing,
      #"""
      plans:
        - { name: a, version: 1, currency: USD }
        - { name: a, version: 1, currency: EUR }
      """#,
      says: #"""
        catalog: demo.yaml:3:25: the plan 'a version 1' is defined twice (first in line 2); keep one of them
        """#),
    BrokenFile(
      "an add-on of no meter", after: .nothing,
      #"""
      addons:
        - { name: more, version: 1, currency: USD, included: "5" }
      """#,
      says: #"""
        catalog: demo.yaml:2:56: the add-on includes something of no meter; name the 'meter'
        """#),
    BrokenFile(
      "an add-on that includes nothing", after: .nothing,
      #"""
      addons:
        - { name: more, version: 1, currency: USD, meter: calls }
      """#,
      says: #"""
        catalog: demo.yaml:2:5: an add-on has no 'included'; add it
        """#),
    BrokenFile(
      "a tenant of an unknown status", after: .nothing,
      #"""
      tenants:
        - { id: acme, status: gone }
      """#,
      says: #"""
        catalog: demo.yaml:2:25: 'status' has a wrong value ('gone'; it takes active, suspended or closed); choose one of them
        """#),
    BrokenFile(
      "a tenant without an id", after: .nothing,
      #"""
      tenants:
        - { name: Acme }
      """#,
      says: #"""
        catalog: demo.yaml:2:5: a tenant has no 'id'; add it
        """#),
    BrokenFile(
      "a start without an offset", after: .nothing,
      #"""
      subscriptions:
        - { id: s, tenant: acme, plan: a, starts_at: 2026-11-01T00:00:00 }
      """#,
      says: #"""
        catalog: demo.yaml:2:48: 'starts_at' has a wrong value ('2026-11-01T00:00:00'; an instant from 1970 to 2200 with its offset, like 2026-11-01T00:00:00+01:00); correct it
        """#),
    BrokenFile(
      "a subscription without a plan", after: .nothing,
      #"""
      subscriptions:
        - { id: s, tenant: acme, starts_at: 2026-11-01T00:00:00Z }
      """#,
      says: #"""
        catalog: demo.yaml:2:5: a subscription has no 'plan'; add it
        """#),
    BrokenFile(
      "an end before the start", after: .nothing,
      #"""
      subscriptions:
        - { id: s, tenant: acme, plan: starter, starts_at: 2026-11-01T00:00:00Z, ends_at: 2026-10-01T00:00:00Z }
      """#,
      says: #"""
        catalog: demo.yaml:2:85: 'ends_at' is not after 'starts_at'; correct one of them
        """#),
    BrokenFile(
      "changes out of order", after: .nothing,
      #"""
      subscriptions:
        - { id: s, tenant: acme, plan: starter, starts_at: 2026-11-01T00:00:00Z, changes: [{ at: 2026-12-01T00:00:00Z, plan: b }, { at: 2026-12-01T00:00:00Z, plan: c }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:131: 'at' is not behind the change before, or the start, and before the end; put the changes in order
        """#),
    BrokenFile(
      "an add-on before the start", after: .nothing,
      #"""
      subscriptions:
        - { id: s, tenant: acme, plan: starter, starts_at: 2026-11-01T00:00:00Z, addons: [{ name: more, from: 2026-10-01T00:00:00Z }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:105: 'from' is not within the subscription; correct it
        """#),
    BrokenFile(
      "an add-on that ends before it begins", after: .nothing,
      #"""
      subscriptions:
        - { id: s, tenant: acme, plan: starter, starts_at: 2026-11-01T00:00:00Z, addons: [{ name: more, from: 2026-12-01T00:00:00Z, until: 2026-12-01T00:00:00Z }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:134: 'until' is not after 'from'; correct one of them
        """#),
    BrokenFile(
      "none of an add-on", after: .nothing,
      #"""
      subscriptions:
        - { id: s, tenant: acme, plan: starter, starts_at: 2026-11-01T00:00:00Z, addons: [{ name: more, quantity: 0 }] }
      """#,
      says: #"""
        catalog: demo.yaml:2:109: 'quantity' has a wrong value ('0'; a whole number from 1 to 1000000); correct it
        """#),
  ]
}
