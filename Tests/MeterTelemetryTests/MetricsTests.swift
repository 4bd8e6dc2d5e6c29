import Testing

@testable import MeterTelemetry

@Suite struct MetricsTests {
  let metrics = Metrics()

  /// Without the metric that every set has.
  func text() -> String {
    String(decoding: metrics.render(), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.contains("meterd_metric_overflow_total") }.joined(separator: "\n")
  }

  @Test func `the same name and labels give the same counter`() {
    let one = metrics.counter("meterd_events_total", help: "Events.", labels: ["verdict": "counted", "topic": "t"])
    let two = metrics.counter("meterd_events_total", help: "Events.", labels: ["topic": "t", "verdict": "counted"])
    #expect(one === two)
    #expect(one !== metrics.counter("meterd_events_total", help: "Events."))
  }

  @Test func `the text is sorted, escaped and says help and type once`() {
    metrics.gauge("meterd_b", help: "Back\\slash and\nnewline.").set(-5)
    metrics.counter("meterd_a_total", help: "Events.", labels: ["v": "z"]).add(2)
    metrics.counter("meterd_a_total", help: "Events.", labels: ["v": "a\"\\\n", "k": "é"]).add()
    metrics.secondsGauge("meterd_lag_seconds", help: "Lag.").set(1.5)
    #expect(
      text() == #"""
        # HELP meterd_a_total Events.
        # TYPE meterd_a_total counter
        meterd_a_total{k="é",v="a\"\\\n"} 1
        meterd_a_total{v="z"} 2
        # HELP meterd_b Back\\slash and\nnewline.
        # TYPE meterd_b gauge
        meterd_b -5
        # HELP meterd_lag_seconds Lag.
        # TYPE meterd_lag_seconds gauge
        meterd_lag_seconds 1.5

        """#)
  }

  @Test func `a histogram's buckets add up and its sum is exact`() {
    let bounds = HistogramBounds.nanoseconds([1_000_000, 500_000_000, 1_000_000_000])
    let histogram = metrics.histogram("meterd_flush_seconds", help: "Flush.", labels: ["lane": "0"], bounds: bounds)
    for value in [0, 1_000_000, 1_000_001, 1_000_000_000, 1_000_000_001, -7] { histogram.observe(Int64(value)) }
    #expect(
      text() == """
        # HELP meterd_flush_seconds Flush.
        # TYPE meterd_flush_seconds histogram
        meterd_flush_seconds_bucket{lane="0",le="0.001"} 3
        meterd_flush_seconds_bucket{lane="0",le="0.5"} 4
        meterd_flush_seconds_bucket{lane="0",le="1"} 5
        meterd_flush_seconds_bucket{lane="0",le="+Inf"} 6
        meterd_flush_seconds_sum{lane="0"} 2.002000002
        meterd_flush_seconds_count{lane="0"} 6

        """)
    metrics.histogram("meterd_rows", help: "Rows.", bounds: .counts([10])).observe(11)
    #expect(text().contains("meterd_rows_bucket{le=\"10\"} 0\nmeterd_rows_bucket{le=\"+Inf\"} 1\nmeterd_rows_sum 11\n"))
  }

  @Test func `series beyond the bound share one and are counted`() {
    for n in 0..<5000 { metrics.counter("meterd_wild_total", help: "W.", labels: ["n": "\(n)"]).add() }
    let text = String(decoding: metrics.render(), as: UTF8.self)
    #expect(text.contains("meterd_wild_total{other=\"true\"} 904\n"))
    #expect(text.contains("\nmeterd_metric_overflow_total 904\n"))
    #expect(text.split(separator: "\n").count { $0.hasPrefix("meterd_wild_total") } == 4097)
    metrics.gauge("meterd_free", help: "F.").set(true)
    #expect(String(decoding: metrics.render(), as: UTF8.self).contains("meterd_free 1\n"))
  }

  @Test func `a computed gauge is read at each scrape and may be replaced and removed`() {
    let counter = metrics.counter("meterd_x_total", help: "X.")
    metrics.gauge("meterd_now", help: "N.", labels: ["partition": "3"]) { counter.value * 2 }
    metrics.secondsGauge("meterd_age_seconds", help: "A.") { .infinity }
    counter.add(21)
    #expect(text().contains("meterd_now{partition=\"3\"} 42\n"))
    #expect(text().contains("meterd_age_seconds +Inf\n"))
    metrics.gauge("meterd_now", help: "N.", labels: ["partition": "3"]) { 7 }
    #expect(text().contains("meterd_now{partition=\"3\"} 7\n"))
    metrics.remove("meterd_now", labels: ["partition": "3"])
    #expect(!text().contains("meterd_now"))
  }

  @Test func `a computed gauge may itself make a metric`() {
    let metrics = metrics
    metrics.gauge("meterd_outer", help: "O.") { metrics.gauge("meterd_inner", help: "I.").value }
    #expect(text().contains("meterd_outer 0\n"))
  }

  @Test func `a removed series starts anew`() {
    let old = metrics.counter("meterd_p_total", help: "P.", labels: ["partition": "3"])
    old.add(5)
    metrics.remove("meterd_p_total", labels: ["partition": "3"])
    let new = metrics.counter("meterd_p_total", help: "P.", labels: ["partition": "3"])
    #expect(new !== old)
    #expect(new.value == 0)
  }

  @Test func `counts of many threads are exact`() async {
    let counter = metrics.counter("meterd_x_total", help: "X.")
    let histogram = metrics.histogram("meterd_y_seconds", help: "Y.")
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for n in 0..<10_000 {
            counter.add()
            histogram.observe(Int64(n))
          }
        }
      }
    }
    #expect(counter.value == 80_000)
    #expect(histogram.count == 80_000)
    #expect(histogram.sum == 8 * 49_995_000)
  }

  @Test func `a long label value is cut`() {
    metrics.counter("meterd_x_total", help: "X.", labels: ["v": String(repeating: "y", count: 9999)]).add()
    #expect(text().contains("{v=\"\(String(repeating: "y", count: 256))\"} 1"))
  }

  @Test func `a label named tenant ends the program`() async {
    await #expect(processExitsWith: .failure) {
      _ = Metrics().counter("meterd_x_total", help: "X.", labels: ["tenant": "acme"])
    }
  }

  @Test func `a name outside the product ends the program`() async {
    await #expect(processExitsWith: .failure) { _ = Metrics().counter("http_requests_total", help: "X.") }
  }

  @Test func `the same name as another kind or with another help ends the program`() async {
    await #expect(processExitsWith: .failure) {
      let metrics = Metrics()
      _ = metrics.counter("meterd_x", help: "X.")
      _ = metrics.gauge("meterd_x", help: "X.")
    }
    await #expect(processExitsWith: .failure) {
      let metrics = Metrics()
      _ = metrics.counter("meterd_x", help: "X.")
      _ = metrics.counter("meterd_x", help: "Y.")
    }
  }
}
