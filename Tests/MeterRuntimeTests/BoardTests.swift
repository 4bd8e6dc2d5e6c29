import MeterModel
import Testing

@testable import MeterRuntime

@Suite struct BoardTests {
  private let log = TopicPartition(topic: "t", partition: 0)

  @Test func `what is heard of a stay that has ended brings nothing back`() {
    let board = Board()
    board.begin(log, stay: 1, now: 10)
    board.update(log, stay: 1) { $0.cursor = 7 }
    #expect(board.all[log]?.cursor == 7)
    board.remove(log, stay: 1)
    board.update(log, stay: 1) { $0.cursor = 8 }
    #expect(board.all.isEmpty)
  }

  @Test func `a stay takes the place of an earlier one and is not touched by it`() {
    let board = Board()
    board.begin(log, stay: 1, now: 10)
    board.begin(log, stay: 2, now: 20)
    board.update(log, stay: 1) { $0.cursor = 7 }
    board.remove(log, stay: 1)
    board.begin(log, stay: 1, now: 30)
    #expect(board.all[log]?.stay == 2 && board.all[log]?.cursor == -1 && board.all[log]?.movedAt == 20)
  }

  @Test func `halted partitions are those that the database knows to be halted`() {
    let board = Board()
    board.begin(log, stay: 3, now: 0)
    board.update(log, stay: 3) { $0.state = .halted("why", isRecorded: false) }
    #expect(board.halted.isEmpty)
    board.update(log, stay: 3) { $0.state = .halted("why", isRecorded: true) }
    #expect(board.halted == [log: 3])
  }
}
