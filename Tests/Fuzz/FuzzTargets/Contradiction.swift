/// A property that an input broke, in words.
public struct Contradiction: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

func require(_ holds: Bool, _ words: @autoclosure () -> String) throws(Contradiction) {
  guard holds else { throw Contradiction(words()) }
}
