/// What the test stack says when it cannot do what a test asked of it.
///
/// The first line reads `where: what is wrong (value; bound); what to do`; what was last seen of the program concerned
/// follows on further lines, because a test that failed on another machine cannot be asked again.
public struct StackFailure: Error, Sendable, CustomStringConvertible {
  public var place: String
  public var problem: String
  public var remedy: String
  public var evidence: String
  /// The five characters by which PostgreSQL names an error, where it was PostgreSQL that refused.
  public var sqlState: String?

  public init(
    at place: String, _ problem: String, remedy: String = "", evidence: String = "", sqlState: String? = nil
  ) {
    self.place = place
    self.problem = problem
    self.remedy = remedy
    self.evidence = evidence
    self.sqlState = sqlState
  }

  public var description: String {
    var text = "\(place): \(problem)"
    if !remedy.isEmpty { text += "; \(remedy)" }
    if !evidence.isEmpty { text += "\n\(evidence)" }
    return text
  }
}
