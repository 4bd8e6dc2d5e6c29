/// What one server takes on at most. The defaults are made for scrapes, probes and checks.
public struct HTTPBounds: Sendable {
  /// Further connections wait in the kernel's queue until one of these ends.
  public var connections = 512
  /// libmicrohttpd's memory for a request's line and headers and its answer's headers, for each connection: with 512 of
  /// them 16 MiB in all. What does not fit is answered 414 or 431.
  public var connectionBytes = 32 * 1024
  public var targetBytes = 8 * 1024
  public var headers = 100
  public var queryItems = 64
  /// A larger body is answered 413.
  public var bodyBytes = 1024 * 1024
  /// All bodies that are held at one time; a request beyond it is answered 503.
  public var bodyBytesTogether = 64 * 1024 * 1024
  /// How much of a refused body is read and thrown away, so that the refusal is not lost in a reset connection.
  public var refusedBytes = 8 * 1024 * 1024
  /// A connection on which nothing moves is closed after this.
  public var idleSeconds = 15
  /// A connection that finishes no request for this long is closed, however busily it sends a byte now and then.
  public var requestSeconds = 30
  /// How long `stop` lets answers finish, and how long it may take in all.
  public var drainMs = 1000
  public var stopMs = 5000

  public init() {}
}
