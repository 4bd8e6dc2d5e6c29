/// Asks again and again until the answer will do, and returns it.
///
/// An error thrown by `read` is an answer that will not do: a database that is being restarted refuses connections for
/// a while. When time is up, the failure tells the last answer or error.
@discardableResult
public func eventually<Value>(
  _ what: String = "a condition", within limit: Duration = .patience, every step: Duration = .milliseconds(10),
  _ read: () throws -> Value, until good: (Value) throws -> Bool
) throws(StackFailure) -> Value {
  let deadline = Deadline(within: limit)
  var asked = 0
  while true {
    // Asked before the clock is looked at: however slow the machine, there is one answer after the deadline.
    let late = deadline.hasPassed
    asked += 1
    let seen: String
    do {
      let value = try read()
      if try good(value) { return value }
      seen = "the last value was '\(value)'"
    } catch {
      seen = "the last error was '\(error)'"
    }
    if late {
      throw StackFailure(at: "eventually", "\(what) did not come true (\(seen); \(limit.spoken), asked \(asked) times)")
    }
    deadline.rest(step)
  }
}

/// Asks again and again until the answer is `wanted`.
@discardableResult
public func eventually<Value: Equatable>(
  _ what: String = "a value", is wanted: Value, within limit: Duration = .patience,
  every step: Duration = .milliseconds(10), _ read: () throws -> Value
) throws(StackFailure) -> Value {
  try eventually("\(what) being '\(wanted)'", within: limit, every: step, read, until: { $0 == wanted })
}

/// Asks again and again until the answer is yes.
public func eventually(
  _ what: String = "a condition", within limit: Duration = .patience, every step: Duration = .milliseconds(10),
  _ holds: () throws -> Bool
) throws(StackFailure) {
  try eventually(what, within: limit, every: step, holds, until: { $0 })
}
