import Foundation
import TestStack
import Testing

/// What is told of limits and trials because time passes.
@Suite(.serialized) struct LimitClockTests {
  @Test func `a trial says when it is about to end, and an extension says it anew`() throws {
    try Stack.with { stack in
      let scene = LimitScene(stack)
      func trials(_ trial: String) -> String {
        """
        plans: [{ name: try, version: 1, currency: EUR, trial: 14d, usage: [] }]
        tenants: [{ id: begun }, { id: near }, { id: over }]
        subscriptions:
          - { id: s_begun, tenant: begun, plan: try, starts_at: \(LimitScene.hour(-24)) }
          - { id: s_near, tenant: near, plan: try, starts_at: \(LimitScene.hour(-11 * 24 - 1)), trial: \(trial) }
          - { id: s_over, tenant: over, plan: try, starts_at: \(LimitScene.hour(-14 * 24 - 1)) }

        """
      }
      try stack.apply(trials("14d"))
      try stack.startDaemon().waitUntilReady()
      let columns = "kind, threshold, meter, used, \"limit\", mode, subscription, event_id"
      try eventually("what is due is told") { try scene.told("over", "threshold") == ["7", "3", "1", "0"] }
      #expect(try scene.told("begun") == [])
      #expect(try scene.told("near", columns) == ["trial 7 - - - - s_near -", "trial 3 - - - - s_near -"])
      // Three days and some hours are left again: the third day is another one, the seventh has passed as well.
      try stack.apply(trials("15d"))
      try eventually("the seventh day is told anew") { try scene.told("near", "threshold") == ["7", "3", "7"] }
      Thread.sleep(forTimeInterval: 2)
      #expect(try scene.told("near", "threshold") == ["7", "3", "7"])
      // As if the clock had come to the third day meanwhile.
      try stack.database.execute(
        "update meterd.period set ends_at = ends_at - interval '1 day' where subscription = 's_near' and is_trial")
      try stack.database.execute(
        "update meterd.limit_event set total = total - 1 where subscription = 's_near' and threshold = 3")
      try stack.database.execute("update meterd.limit_clock set checked_at = now() - interval '2 hours'")
      try eventually("the third day is told") { try scene.told("near", "threshold") == ["7", "3", "7", "3"] }
    }
  }

  @Test func `a new period ends what the one before had told, by itself`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      try stack.apply(LimitScene.subscription("acme", LimitEventTests.block))
      try stack.startDaemon().waitUntilReady()
      try scene.send([LimitScene.points("acme", "120")])
      #expect(try scene.told("acme", "kind") == ["warning", "limit", "exceeded"])
      // As if the first period had ended an hour ago, and the clock was looked at before.
      try stack.database.execute(
        """
        begin;
        update meterd.period set ends_at = date_trunc('hour', now()) where number = 0;
        update meterd.period set starts_at = date_trunc('hour', now()) where number = 1;
        update meterd.rollup set window_start = window_start - interval '1 hour';
        update meterd.limit_clock set checked_at = date_trunc('hour', now()) - interval '1 minute';
        commit
        """)
      try eventually("it is over") { try scene.told("acme", "kind").last == "recovered" }
      #expect(
        try stack.database.query(
          """
          select e.kind, e.used, e.event_id, e.period_start = p.starts_at and p.number = 1
          from meterd.limit_events e join meterd.period p on p.ends_at = e.period_end where e.kind = 'recovered'
          """) == [["recovered", "0", nil, "t"]])
      Thread.sleep(forTimeInterval: 2)
      #expect(try scene.told("acme", "kind") == ["warning", "limit", "exceeded", "recovered"])
    }
  }
}
