import MeterModel

extension JSONText {
  enum Match {
    /// The member is not on the path.
    case otherName
    /// The member is on the path, but it leads to no value.
    case nothing
    /// Token index of the value.
    case value(Int32)
    /// A member on the path stands twice, wherever each of them leads.
    case twice
  }

  /// Follows a path from the member whose name is token `name`, which must be the path's segment number `depth`.
  borrowing func follow(
    _ name: Int, _ rule: MeterRules.FieldRule, depth: Int32, _ arena: Swift.Span<UInt8>, _ rules: borrowing MeterRules
  ) -> Match {
    guard isName(name, rules.segments[Int(rule.firstSegment &+ depth)], arena, rules) else { return .otherName }
    let value = name &+ 1
    if depth &+ 1 == rule.segmentCount { return .value(Int32(value)) }
    guard tokens[value].kind == .object else { return .nothing }
    var match = Match.nothing
    var isFirst = true
    var at = value &+ 1
    while at < Int(tokens[value].end) {
      switch follow(at, rule, depth: depth &+ 1, arena, rules) {
      case .otherName: break
      case let found:
        guard isFirst else { return .twice }
        isFirst = false
        match = found
      }
      at = Int(tokens[at &+ 1].end)
    }
    return match
  }

  @inline(__always)
  private borrowing func isName(
    _ index: Int, _ segment: MeterRules.Segment, _ arena: Swift.Span<UInt8>, _ rules: borrowing MeterRules
  ) -> Bool {
    let name = tokens[index]
    if name.escaped {
      var text: [UInt8] = []
      let sound = JSONString.unescape(
        arena, from: Int(name.start), to: Int(name.start) + Int(name.length), into: &text)
      return sound && text.elementsEqual(rules.text[Int(segment.text)..<Int(segment.text + segment.length)])
    }
    guard name.length == UInt32(bitPattern: segment.length) else { return false }
    for at in 0..<Int(segment.length)
    where arena[Int(name.start) &+ at] != rules.text[Int(segment.text) &+ at] { return false }
    return true
  }
}
