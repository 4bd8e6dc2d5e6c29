import MeterConfig
import MeterLab
import MeterModel

enum Broker {
  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    var options = BrokerOptions()
    options.brokers = try arguments.integer("brokers", in: 1...MockBroker.brokersMax) ?? options.brokers
    let texts = arguments.texts("topic")
    if !texts.isEmpty {
      options.topics = []
      for text in texts {
        let topic = try topic(text, arguments)
        guard !options.topics.contains(where: { $0.name == topic.name }) else {
          throw arguments.mistake("the topic '\(topic.name)' comes twice", remedy: "keep one of them")
        }
        options.topics.append(topic)
      }
    }
    do throws(LabError) {
      return ExitStatus(rawValue: try BrokerProgram.run(options)) ?? .bug
    } catch {
      throw Complaint(error)
    }
  }

  private static func topic(
    _ text: String, _ arguments: Arguments
  ) throws(Complaint) -> (name: String, partitions: Int) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, let partitions = Int(parts[1]),
      (1...MockBroker.partitionsMax).contains(partitions)
    else {
      throw arguments.wrong("topic", text, "NAME:PARTITIONS with 1 to \(MockBroker.partitionsMax) partitions")
    }
    return (String(parts[0]), partitions)
  }
}
