import MeterModel

/// What single values cannot show: combinations that could not work.
struct SettingsChecks {
  let document: YAMLDocument
  let marks: [String: YAMLMark]

  /// Of several the one that comes first in the file is reported.
  func check(_ settings: Settings) throws(Complaint) {
    let faults = faults(in: settings).sorted { ($0.mark ?? Self.nowhere) < ($1.mark ?? Self.nowhere) }
    if let first = faults.first {
      throw document.complaint(at: first.mark, first.problem, remedy: first.remedy)
    }
  }

  private static let nowhere = YAMLMark(line: .max, column: .max)

  private struct Fault {
    var mark: YAMLMark?
    var problem: String
    var remedy: String
  }

  private func faults(in settings: Settings) -> [Fault] {
    var faults: [Fault] = []
    func fault(_ paths: [String], _ problem: String, _ remedy: String) {
      // The first of the keys that the file really has: one left at its default has no place to point at.
      faults.append(Fault(mark: paths.lazy.compactMap { marks[$0] }.first, problem: problem, remedy: remedy))
    }

    let http = settings.http
    if http.authentication == .none, !http.listen.isLoopback {
      fault(
        ["http.auth"], "'http.auth' is none on an address that others can reach (\(quoted(http.listen.text)))",
        "set it to keys or listen on 127.0.0.1")
    }
    if http.tlsCertificatePath.isEmpty != http.tlsKeyPath.isEmpty {
      let (given, lacking) =
        http.tlsKeyPath.isEmpty ? ("http.tls_cert", "http.tls_key") : ("http.tls_key", "http.tls_cert")
      fault([given], "\(quoted(given)) is set without \(quoted(lacking))", "set both or none")
    }
    if settings.time.maxPast < settings.rollup.window {
      fault(
        ["time.max_past", "rollup.window"],
        "'time.max_past' is shorter than a window (\(settings.time.maxPast.text);"
          + " 'rollup.window' is \(settings.rollup.window.text))", "make it at least one window")
    }
    // The budget must bear one batch of the largest events besides all else; a batch of fewer than 16 would crawl.
    let largest = settings.events.maxSize.bytes * 16
    if settings.memory.budget.bytes < largest {
      fault(
        ["memory.budget", "events.max_size"],
        "'memory.budget' is too small for 'events.max_size' (\(settings.memory.budget.text);"
          + " at least \(ByteSize(bytes: largest).text), which is 16 events)", "raise the one or lower the other")
    }
    if settings.kafka.topics.contains(settings.kafka.limitTopic) {
      fault(
        ["kafka.limit_topic"],
        "'kafka.limit_topic' is also one of 'kafka.topics' (\(quoted(settings.kafka.limitTopic)))",
        "give limit events a topic of their own")
    }
    return faults
  }
}
