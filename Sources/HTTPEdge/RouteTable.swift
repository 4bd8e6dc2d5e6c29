/// All routes of a server. A dozen or two, so they are looked through in order; those with fewer parameters come first,
/// so that `/v1/plans/current` wins over `/v1/plans/{plan}`.
struct RouteTable: Sendable {
  enum Match {
    case found(Int, parameters: [String: String])
    case otherMethod(allow: String)
    case unknown
  }

  let routes: [Route]

  init(_ routes: [Route]) {
    var seen: Set<String> = []
    for route in routes {
      precondition(seen.insert("\(route.method) \(route.pattern)").inserted, "two routes for \(route.pattern)")
    }
    func parameters(_ route: Route) -> Int { route.segments.count { if case .parameter = $0 { true } else { false } } }
    self.routes = routes.enumerated()
      .sorted { (parameters($0.element), $0.offset) < (parameters($1.element), $1.offset) }.map(\.element)
  }

  func match(_ method: String, _ path: [String]) -> Match {
    let wanted = method == "HEAD" ? "GET" : method
    var allowed: Set<String> = []
    for (place, route) in routes.enumerated() {
      guard let parameters = route.match(path) else { continue }
      if route.method == wanted { return .found(place, parameters: parameters) }
      allowed.insert(route.method)
      if route.method == "GET" { allowed.insert("HEAD") }
    }
    return allowed.isEmpty ? .unknown : .otherMethod(allow: allowed.sorted().joined(separator: ", "))
  }
}
