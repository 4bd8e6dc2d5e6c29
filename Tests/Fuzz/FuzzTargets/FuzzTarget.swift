/// A way into the product for bytes that somebody else chose, with what must hold whatever they are.
///
/// The same checks run under libFuzzer, which seeks new paths, and in the tests, which go through the kept corpus.
public enum FuzzTarget: String, CaseIterable, Sendable {
  case events
  case headers
  case shapes
  case json
  case numbers
  case times
  case zstd
  case catalog
  case configuration

  /// Longer inputs find nothing new and only slow the search.
  public static let bytesMax = 4_096

  public func check(_ bytes: [UInt8]) throws(Contradiction) {
    guard bytes.count <= Self.bytesMax else { return }
    switch self {
    case .events: try LogCheck.events(bytes)
    case .headers: try LogCheck.headers(bytes)
    case .shapes: try ShapeCheck.run(bytes)
    case .json: try JSONCheck.run(bytes)
    case .numbers: try NumberCheck.run(bytes)
    case .times: try TimeCheck.run(bytes)
    case .zstd: try FrameCheck.run(bytes)
    case .catalog: try CatalogCheck.run(bytes)
    case .configuration: try ConfigurationCheck.run(bytes)
    }
  }
}

/// By name; a name that is no target breaks no property.
public func fuzz(_ name: String, _ bytes: [UInt8]) throws(Contradiction) {
  try FuzzTarget(rawValue: name)?.check(bytes)
}
