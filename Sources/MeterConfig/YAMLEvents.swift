import CYaml

/// What libyaml said was wrong. A fault of the bytes themselves has an offset, one of the grammar a mark.
struct YAMLFault: Error {
  var problem: String
  var mark: YAMLMark?
  var offset: Int?
}

/// One step of a YAML stream, copied out of libyaml's memory.
enum YAMLEvent {
  case streamStart
  case streamEnd
  case documentStart(declaresTags: Bool)
  case documentEnd
  case alias
  case scalar(String, YAMLNode.Style, Decoration)
  case sequenceStart(Decoration)
  case sequenceEnd
  case mappingStart(Decoration)
  case mappingEnd

  /// The parts of a node that this product refuses.
  struct Decoration {
    var hasAnchor: Bool
    var hasTag: Bool
  }
}

/// libyaml's pull parser over a copy of the bytes that lives as long as it does.
///
/// The parser stands in memory of its own because `yaml_parser_set_input_string` makes it point to itself: a Swift
/// variable passed by `&` may be at another address at the next call.
@safe final class YAMLEvents {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let bytes: UnsafeMutableBufferPointer<UInt8>

  init(_ source: [UInt8]) throws(YAMLFault) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    guard unsafe yaml_parser_initialize(parser) == 1 else {
      // The object does not exist yet, so deinit will not run: the memory is given back here and nowhere else.
      unsafe parser.deallocate()
      throw YAMLFault(problem: "out of memory")
    }
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: source.count)
    _ = unsafe bytes.initialize(from: source)
    unsafe self.parser = parser
    unsafe self.bytes = bytes
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe bytes.deallocate()
  }

  /// The next event and where it begins.
  func next() throws(YAMLFault) -> (event: YAMLEvent, mark: YAMLMark) {
    var raw = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &raw) == 1 else { throw fault() }
    // The event's strings are libyaml's until here; all that is kept of them is copied below.
    defer { unsafe yaml_event_delete(&raw) }
    let mark = unsafe YAMLMark(line: Int(raw.start_mark.line) + 1, column: Int(raw.start_mark.column) + 1)
    switch unsafe raw.type {
    case YAML_STREAM_START_EVENT: return (.streamStart, mark)
    case YAML_DOCUMENT_START_EVENT:
      let tags = unsafe raw.data.document_start.tag_directives
      return (.documentStart(declaresTags: unsafe tags.start != tags.end), mark)
    case YAML_DOCUMENT_END_EVENT: return (.documentEnd, mark)
    case YAML_ALIAS_EVENT: return (.alias, mark)
    case YAML_SCALAR_EVENT:
      let scalar = unsafe raw.data.scalar
      let text = unsafe String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: Int(scalar.length)), as: UTF8.self)
      let style: YAMLNode.Style = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE ? .plain : .quoted
      return (.scalar(text, style, unsafe decoration(scalar.anchor, scalar.tag)), mark)
    case YAML_SEQUENCE_START_EVENT:
      let start = unsafe raw.data.sequence_start
      return (.sequenceStart(unsafe decoration(start.anchor, start.tag)), mark)
    case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, mark)
    case YAML_MAPPING_START_EVENT:
      let start = unsafe raw.data.mapping_start
      return (.mappingStart(unsafe decoration(start.anchor, start.tag)), mark)
    case YAML_MAPPING_END_EVENT: return (.mappingEnd, mark)
    default: return (.streamEnd, mark)
    }
  }

  private func decoration(
    _ anchor: UnsafeMutablePointer<UInt8>?, _ tag: UnsafeMutablePointer<UInt8>?
  )
    -> YAMLEvent.Decoration
  {
    unsafe YAMLEvent.Decoration(hasAnchor: anchor != nil, hasTag: tag != nil)
  }

  private func fault() -> YAMLFault {
    let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "out of memory"
    if unsafe parser.pointee.error == YAML_READER_ERROR {
      return unsafe YAMLFault(problem: problem, offset: Int(parser.pointee.problem_offset))
    }
    let mark = unsafe parser.pointee.problem_mark
    return YAMLFault(problem: problem, mark: YAMLMark(line: Int(mark.line) + 1, column: Int(mark.column) + 1))
  }
}
