import Foundation

/// Processor time of other processes, as the kernel tells it: in hundredths of a second.
enum Ticks {
  /// Of a process with all of its threads; nil when it is gone.
  static func seconds(of pid: pid_t) -> Double? {
    // The name stands in parentheses and may hold blanks; user and system time are the twelfth and thirteenth word behind it.
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return nil }
    let words = text[name...].split(separator: " ")
    guard words.count > 13, let user = Double(words[12]), let system = Double(words[13]) else { return nil }
    return (user + system) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
  }

  /// Of several that live on.
  static func seconds(of pids: [pid_t]) -> Double { pids.compactMap { seconds(of: $0) }.reduce(0, +) }
}

/// What figures were measured on.
enum Machine {
  static func words(_ versions: String, library: String) -> String {
    let processors = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let name = processors.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
    let load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? ""
    let loads = load.split(separator: " ").prefix(3).joined(separator: " ")
    return "machine:\(name ?? " unknown"), \(ProcessInfo.processInfo.activeProcessorCount) processors, load \(loads)\n"
      + "versions: \(versions.split(separator: "\n").joined(separator: "; ")); idle consumer: librdkafka \(library)"
  }
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// As many digits as say something.
func figure(_ value: Double) -> String {
  if value >= 1_000 { return "\(Int(value.rounded()))" }
  return value >= 10 ? String(format: "%.1f", value) : String(format: "%.2f", value)
}

func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
}
