/// Where a load sends its records. Used by one thread.
protocol RecordSink {
  var ledger: DeliveryLedger { get }

  /// Takes the record, waiting while there is no room; false when it gave up because `isStopping` said so.
  func send(_ record: borrowing GeneratedRecord, isStopping: () -> Bool) throws(LabError) -> Bool

  /// Takes what came back so far.
  func collect() throws(LabError)

  /// Brings every record sent to its end. Once `isStopping` says so, what is not acknowledged fails.
  func settle(isStopping: () -> Bool) throws(LabError)
}
