/// One series in one window.
struct CellKey: Hashable, Sendable {
  let tenant: OracleText
  /// The meter's place in the catalog.
  let meter: Int
  /// In the order of the meter's dimensions.
  let dimensions: [OracleText]
  let windowStart: OracleInstant
}

/// A value at an instant, and where it came from.
struct Sample: Sendable {
  let time: OracleInstant
  let units: WholeNumber
  let offset: Int64
  let index: Int
  let place: OraclePlace

  /// "The event with the greatest time; ties by offset, then by place in the batch". Choice: offsets of two partitions
  /// tell nothing about each other; where even they and the places in the batch are equal, topic and partition decide.
  static func isEarlier(_ left: Sample, _ right: Sample) -> Bool {
    (left.time, left.offset, left.index, left.place) < (right.time, right.offset, right.index, right.place)
  }
}

/// Everything that was counted for one series in one window, kept whole; the quantity is worked out when it is asked for.
struct Cell: Sendable {
  var events = 0
  /// Of a `sum` meter, times 10^scale.
  var sum = WholeNumber.zero
  /// Of `max`, `min`, `latest` and `time_weighted` meters.
  var samples: [Sample] = []
  /// Of a `unique` meter.
  var texts: Set<OracleText> = []

  /// The same series and window, as another partition counted it.
  mutating func merge(_ other: Cell) {
    events += other.events
    sum = sum + other.sum
    samples += other.samples
    texts.formUnion(other.texts)
  }
}

/// A partition of a topic.
struct OraclePlace: Hashable, Comparable, Sendable {
  let topic: OracleText
  let partition: Int

  static func < (left: OraclePlace, right: OraclePlace) -> Bool {
    (left.topic, left.partition) < (right.topic, right.partition)
  }
}
