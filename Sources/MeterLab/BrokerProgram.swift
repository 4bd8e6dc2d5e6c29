import Glibc

/// `meterd-lab broker`: an in-memory Kafka for trying and testing, as a process.
public enum BrokerProgram {
  /// For `--help`.
  public static let help = """
    Runs librdkafka's in-memory test brokers on 127.0.0.1 until SIGTERM or SIGINT. The first line on stdout is
    bootstrap.servers=HOST:PORT (with several brokers HOST:PORT,HOST:PORT,…).

    Each line on stdin is a command and gets one line on stdout, ok or error: … ; the end of stdin changes nothing.
      error <ApiKey> <error> [count]           the next requests of this kind fail: error Produce _TRANSPORT 3
      clear <ApiKey>                           forgets the errors still to come
      rtt <broker> <ms>                        delays every answer
      down <broker>                            cuts all connections and takes none; -1 is every broker
      up <broker>                              takes connections again
      leader <topic> <partition> <broker>      moves the leader; -1 is none
      follower <topic> <partition> <broker>    sends consumers to a follower
      watermarks <topic> <partition> <low> <high>   of the follower; -1 is the leader's
      topic <name> <partitions>                makes a topic
      topic-error <topic> <error>              fails metadata of the topic; NO_ERROR heals it
      coordinator <group> <broker>             moves the group's coordinator
      help, quit
    Brokers are numbered from 1. ApiKey is a name such as Produce, Fetch or OffsetCommit, or a number; error is a name
    such as NOT_LEADER_FOR_PARTITION or _TRANSPORT (cuts the connection), or a code.

    Know this before trusting it: nothing is on disk; a partition keeps about 5 MB as stored (so compressed counts
    compressed) or 100,000 batches and then silently drops its oldest; a new group waits 3 s for members, so a session
    timeout under that never gets an assignment; an empty fetch is answered only after its whole wait.
    """

  /// Serves until told to stop, then returns the exit status.
  public static func run(_ options: BrokerOptions) throws(LabError) -> Int32 {
    // Before the cluster starts its threads, so that they inherit the mask.
    let stop = try StopSignal()
    let broker = try MockBroker(brokers: options.brokers, topics: options.topics)
    let output = FileDescriptor(options.output, path: "stdout")
    try output.write(Array("bootstrap.servers=\(broker.bootstrapServers)\n".utf8))

    var console = BrokerConsole()
    var input = options.input
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while try !stop.wait(orReadable: input) {
      let room = buffer.count
      let length = unsafe read(input, &buffer, room)
      if length < 0, errno == EINTR || errno == EAGAIN { continue }
      if length <= 0 {
        // Nobody will say anything any more; only a signal ends it now.
        input = -1
        continue
      }
      // Whoever no longer reads answers may still use the brokers.
      let isEnd = console.take(buffer[..<length], for: broker) { try? output.write($0) }
      if isEnd { break }
    }
    return 0
  }
}
