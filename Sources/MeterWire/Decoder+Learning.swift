import MeterModel

extension Decoder {
  /// Layouts of larger texts are not kept.
  static let learntBytesMax = 4 << 10

  /// Takes the layout of the event that `json` holds, which was found sound on the general way. `found` still says where the fields
  /// of its type are; `type` is -1 when no meter wants it.
  mutating func learn(
    _ value: RecordValue, _ type: Int, _ text: Swift.Span<UInt8>, _ rules: borrowing MeterRules,
    _ scratch: inout [UInt8]
  ) {
    guard value.length <= Self.learntBytesMax, shapes.wantsMore() else { return }
    let fields = type >= 0 ? Int(rules.types[type].fieldCount) : 0
    var draft = ShapeTree.Draft(from: value.start, type: Int32(type), fields: fields)
    let end = Int(json.tokens[0].end)
    var at = 1
    while at < end {
      let attribute = name(json.tokens[at], text, &scratch)
      guard takeAttribute(attribute, at &+ 1, text, rules.seed, &draft) else { return }
      at = Int(json.tokens[at &+ 1].end)
    }
    draft.end(at: value.start &+ value.length)
    if draft.isWhole { shapes.learn(draft, text) }
  }

  /// False when events of this layout go the general way.
  private func takeAttribute(
    _ name: SaidAttributes.Name?, _ index: Int, _ text: Swift.Span<UInt8>, _ seed: UInt64,
    _ draft: inout ShapeTree.Draft
  ) -> Bool {
    let isText = json.tokens[index].kind == .string
    switch name {
    case .specversion, .type: return isText
    case .id: draft.shape.id = draft.nextSlot
    case .source: draft.shape.source = draft.nextSlot
    case .subject: draft.shape.subject = draft.nextSlot
    case .time: draft.shape.time = draft.nextSlot
    case .reservation: break
    case .data: return json.tokens[index].kind == .object && takeMembers(index, text, seed, &draft)
    case .correction, .corrects, .dataBase64: return false
    case nil:
      passOver(index, &draft)
      return true
    }
    if isText { draft.takeSlot(json.tokens[index]) }
    return isText
  }

  /// Members of `data`, or of an object inside. Lists have no layout that stays.
  private func takeMembers(
    _ object: Int, _ text: Swift.Span<UInt8>, _ seed: UInt64, _ draft: inout ShapeTree.Draft
  ) -> Bool {
    let end = Int(json.tokens[object].end)
    var at = object &+ 1
    while at < end {
      let name = self.text(json.tokens[at], text, seed)
      let value = json.tokens[at &+ 1]
      let step: Shape.Step.Kind
      switch value.kind {
      case .array:
        return false
      case .object:
        draft.steps.append(Shape.Step(kind: .open, slot: -1, name: name))
        guard takeMembers(at &+ 1, text, seed, &draft) else { return false }
        step = .close
      case .string: step = .string
      case .number, .true, .false, .null: step = .bare
      }
      draft.steps.append(Shape.Step(kind: step, slot: draft.nextSlot, name: name))
      if step != .close {
        for field in draft.fields.indices where found[field] == Int32(at &+ 1) {
          draft.fields[field] = Shape.Field(slot: draft.nextSlot, isBare: step == .bare)
        }
        draft.takeSlot(value)
      }
      at = Int(value.end)
    }
    return true
  }

  /// What is not used may change too, as long as it stays of its kind.
  private func passOver(_ index: Int, _ draft: inout ShapeTree.Draft) {
    let token = json.tokens[index]
    guard token.kind == .object || token.kind == .array else { return draft.takeSlot(token) }
    var at = index &+ 1
    while at < Int(token.end) {
      if token.kind == .object { at &+= 1 }
      passOver(at, &draft)
      at = Int(json.tokens[at].end)
    }
  }
}
