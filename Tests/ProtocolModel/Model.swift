/// The commit protocol of one partition, small enough that everything that can happen is looked at.
///
/// Two daemons, a group, a server and a log of a few records. Real is `PartitionRound`, whose decisions are asked for and not copied
/// (see `RoundAtlas`); the lane around it, the statements of the ledger, the group and the network are told again here (`Turn`). At
/// every state anything may happen next: a daemon is assigned, reads, seals; a call is served, fails, is lost on its way or on its way
/// back, or arrives long after its connection broke, its stay ended or its process died; the group takes the partition back, and the
/// daemon hears of it at once, later, or goes on as a zombie; a process dies. None of these is rationed but late statements (`Scope`).
/// The search holds every state that comes of it against the laws, and for every state looks for a way to the end of the log.
///
/// It gives up: time, of which only the order is left; more than one partition; loads of cold windows and halts, which do not touch
/// the cursor; retention, so that the log begins at 0. It is more permissive than the product where that costs little: statements of
/// one daemon may overtake each other, a question in doubt need not wait for the row's lock, and a daemon that drains may still be
/// handed batches. A law that holds here does not lean on these.
public struct Model: Sendable {
  public let scope: Scope
  let atlas: RoundAtlas

  public init(_ scope: Scope) {
    self.scope = scope
    atlas = RoundAtlas(end: scope.end)
  }

  /// States of the real machine that facts can tell apart.
  public var machineStates: Int { atlas.count }

  func book(without guards: [Guard] = []) -> Rulebook { Rulebook(scope, atlas, without: guards) }

  /// Looks at everything that can happen without some guards, until a law of interest is broken.
  public func search(without guards: [Guard] = [], until isBreach: @escaping (Law) -> Bool = { _ in true }) -> Outcome {
    var search = Search(book(without: guards), until: isBreach)
    return search.run()
  }
}
