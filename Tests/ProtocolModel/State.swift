/// All there is at one moment: the server's row, two daemons, what the group believes, and what is late on its way.
///
/// Small and made of bytes without gaps (a test looks after that), so that millions are kept and compared cheaply.
struct State {
  enum Group: UInt8 {
    case nobody, first, second

    init(holder: Int) { self = holder == 0 ? .first : .second }

    var holder: Int? {
      switch self {
      case .nobody: nil
      case .first: 0
      case .second: 1
      }
    }
  }

  var members = (Member(), Member())
  var row = Row()
  var group = Group.nobody
  var late = (LateStatement(), LateStatement())

  subscript(_ daemon: Int) -> Member {
    get { daemon == 0 ? members.0 : members.1 }
    set { if daemon == 0 { members.0 = newValue } else { members.1 = newValue } }
  }

  var lateCount: Int { (late.0.request == .none ? 0 : 1) + (late.1.request == .none ? 0 : 1) }

  /// The daemons are alike, and so are late statements: of states that differ only in who is who, one is kept. True when the daemons
  /// changed places.
  mutating func settle() -> Bool {
    sortLate()
    let order = compare(members.0, members.1)
    if order < 0 { return false }
    let twin = twin
    guard order > 0 || compare(twin, self) < 0 else { return false }
    self = twin
    return true
  }

  /// The same with the daemons in each other's place.
  var twin: State {
    var twin = self
    swap(&twin.members.0, &twin.members.1)
    if let holder = group.holder { twin.group = Group(holder: 1 - holder) }
    Self.rename(&twin.late.0)
    Self.rename(&twin.late.1)
    twin.sortLate()
    return twin
  }

  private mutating func sortLate() {
    guard late.1.request != .none else { return }
    if late.0.request == .none || compare(late.0, late.1) > 0 { swap(&late.0, &late.1) }
  }

  private static func rename(_ late: inout LateStatement) {
    if late.origin > 0 { late.origin = 3 - late.origin }
    if late.hearer > 0 { late.hearer = 3 - late.hearer }
  }
}

extension State: Hashable {
  static func == (a: State, b: State) -> Bool { compare(a, b) == 0 }

  func hash(into hasher: inout Hasher) {
    unsafe withUnsafeBytes(of: self) { unsafe hasher.combine(bytes: $0) }
  }
}
