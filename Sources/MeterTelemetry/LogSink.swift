/// Where finished lines go. Called from any thread, with one whole line that ends in a newline.
public protocol LogSink: Sendable {
  func write(_ line: [UInt8])
}
