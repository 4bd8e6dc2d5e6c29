/// Where the product and an independent reckoning part, with what is needed to see it again.
public struct Mismatch: Error, Equatable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
