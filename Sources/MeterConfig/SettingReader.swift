import MeterModel

/// Takes one value from its node: substitution, type, bounds, one rule after the other, and the message where one
/// fails.
///
/// The values of secrets are never in a message, not even wrong ones.
struct SettingReader {
  let document: YAMLDocument
  let environment: (String) -> String?

  /// Reads the value of `row` at `path` (which is not the row's own where a `…_file` stands for it) into `settings`.
  func read(_ row: Setting, _ node: YAMLNode, into settings: inout Settings) throws(Complaint) {
    switch row.kind {
    case .text(let field, let rule):
      let text = try scalar(node, row.path, row.kind.expects).text
      guard rule.accepts(text) else { throw wrong(row, node, text) }
      settings[keyPath: field] = text
    case .path(let field):
      let text = try scalar(node, row.path, row.kind.expects).text
      guard text.utf8.count <= 4096, !holdsControlCharacter(text) else { throw wrong(row, node, text) }
      settings[keyPath: field] = text.isEmpty || text == "-" ? text : path(text, nextTo: document.file)
    case .secret:
      try take(secret: scalar(node, row.path, row.kind.expects).text, for: row, node, into: &settings)
    case .duration(let field, let bounds):
      let (span, text) = try duration(row, node)
      guard bounds.contains(span) else { throw outOfBounds(row, node, text) }
      settings[keyPath: field] = span
    case .oneDuration(let field, let spans):
      let (span, text) = try duration(row, node)
      guard spans.contains(span) else { throw wrong(row, node, text) }
      settings[keyPath: field] = span
    case .size(let field, let bounds):
      let text = try scalar(node, row.path, row.kind.expects).text
      guard let size = ByteSize(text: text) else {
        throw fault(
          node, "\(quoted(row.path)) is not a size (\(quoted(text)); a whole number with one of B, KiB, MiB, GiB)",
          "write it like 64MiB")
      }
      guard bounds.contains(size) else { throw outOfBounds(row, node, text) }
      settings[keyPath: field] = size
    case .integer(let field, let bounds):
      settings[keyPath: field] = try integer(row, node, bounds)
    case .boolean(let field):
      let (text, isBare) = try scalar(node, row.path, row.kind.expects)
      guard isBare, text == "true" || text == "false" else { throw wrong(row, node, text, isBare: isBare) }
      settings[keyPath: field] = text == "true"
    case .choice(let choices, _, let set):
      let text = try scalar(node, row.path, row.kind.expects).text
      guard choices.contains(text) else { throw wrong(row, node, text) }
      set(&settings, text)
    case .texts(let field, let rule, let countMax):
      settings[keyPath: field] = try list(row, node, rule, countMax)
    case .properties(let field):
      settings[keyPath: field] = try properties(row, node)
    case .lanes(let field, let bounds):
      let (text, isBare) = try scalar(node, row.path, row.kind.expects)
      if text == "auto" {
        settings[keyPath: field] = .auto
      } else if isBare, let (count, unit) = splitAmount(text), unit.isEmpty {
        guard bounds.contains(count) else { throw outOfBounds(row, node, text) }
        settings[keyPath: field] = .count(count)
      } else {
        throw wrong(row, node, text, isBare: isBare)
      }
    case .address(let field):
      let text = try scalar(node, row.path, row.kind.expects).text
      guard let address = ListenAddress(text: text) else { throw wrong(row, node, text) }
      settings[keyPath: field] = address
    }
  }

  /// Reads a secret setting from the file that its `…_file` key names.
  func readFileOf(_ row: Setting, _ node: YAMLNode, into settings: inout Settings) throws(Complaint) {
    try take(secret: fileContent(node, row.path + "_file"), for: row, node, into: &settings)
  }

  private func take(
    secret text: String, for row: Setting, _ node: YAMLNode, into settings: inout Settings
  )
    throws(Complaint)
  {
    guard case .secret(let field, let rule) = row.kind else { return }
    guard rule.accepts(text) else {
      throw fault(
        node, "\(quoted(row.path)) has a wrong value (not shown; \(rule.expects))", "correct it")
    }
    settings[keyPath: field] = Secret(text)
  }

  // Files: bounded, whole, and without the line end that editors and `echo` leave behind.
  private func fileContent(_ node: YAMLNode, _ key: String) throws(Complaint) -> String {
    let name = try scalar(node, key, "the path of a file").text
    guard !name.isEmpty else { throw fault(node, "\(quoted(key)) is empty", "name a file or remove the line") }
    var bytes: [UInt8]
    do throws(FileFault) {
      bytes = try readFile(path(name, nextTo: document.file), bytesMax: 1 << 16)
    } catch {
      throw fault(node, "\(quoted(key)) cannot be read (\(quoted(name)); \(error.reason))", "name a readable file")
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard !bytes.isEmpty else {
      throw fault(node, "\(quoted(key)) names an empty file (\(quoted(name)))", "write the secret into it")
    }
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw fault(node, "\(quoted(key)) names a file that is not text (\(quoted(name)))", "write the secret into it")
    }
    return text
  }

  /// The text of a single value after substitution, and whether it counts as bare.
  private func scalar(
    _ node: YAMLNode, _ path: String, _ expects: String
  ) throws(Complaint) -> (
    text: String, isBare: Bool
  ) {
    guard case .scalar(let source, let style) = node.content else {
      throw fault(node, "\(quoted(path)) is \(node.kindName) (it takes \(expects))", "write one value")
    }
    guard !node.isNothing else {
      throw fault(node, "\(quoted(path)) has no value (it takes \(expects))", "give it one or remove the line")
    }
    do throws(Substitution.Fault) {
      let substituted = try Substitution(source, environment: environment)
      return (substituted.text, style == .plain || substituted.readsEnvironment)
    } catch {
      switch error {
      case .unset(let name):
        throw fault(
          node, "\(quoted(path)) reads the environment variable \(quoted(name)), which is not set",
          "set it or write ${\(name):-default}")
      case .unfinished:
        throw fault(node, "\(quoted(path)) has a '${' without '}'", "close it, or write '$$' for a dollar")
      case .badName:
        // What stands inside is not shown: in a secret it may be a part of it.
        throw fault(
          node, "\(quoted(path)) has a substitution that cannot be read",
          "write ${NAME} or ${NAME:-default}, or '$$' for a dollar")
      }
    }
  }

  private func duration(_ row: Setting, _ node: YAMLNode) throws(Complaint) -> (span: TimeSpan, text: String) {
    let text = try scalar(node, row.path, row.kind.expects).text
    guard let span = TimeSpan(text: text) else {
      throw fault(
        node, "\(quoted(row.path)) is not a duration (\(quoted(text)); a whole number with one of ms, s, m, h, d)",
        "write it like 250ms, 10m or 35d")
    }
    return (span, text)
  }

  private func integer(_ row: Setting, _ node: YAMLNode, _ bounds: ClosedRange<Int>) throws(Complaint) -> Int {
    let (text, isBare) = try scalar(node, row.path, row.kind.expects)
    guard isBare, let (count, unit) = splitAmount(text), unit.isEmpty else {
      throw wrong(row, node, text, isBare: isBare)
    }
    guard bounds.contains(count) else { throw outOfBounds(row, node, text) }
    return count
  }

  private func list(_ row: Setting, _ node: YAMLNode, _ rule: TextRule, _ countMax: Int) throws(Complaint) -> [String] {
    guard case .sequence(let items) = node.content else {
      throw fault(
        node, "\(quoted(row.path)) is \(node.kindName) (it takes \(row.kind.expects))", "write it in brackets: [a, b]")
    }
    guard !items.isEmpty else {
      throw fault(node, "\(quoted(row.path)) is empty (it takes \(row.kind.expects))", "name at least one")
    }
    var texts: [String] = []
    for item in items {
      let text = try scalar(item, row.path, rule.expects).text
      guard rule.accepts(text) else {
        throw fault(
          item, "\(quoted(row.path)) has a wrong entry (\(quoted(text)); each is \(rule.expects))", "correct it")
      }
      guard !texts.contains(text) else {
        throw fault(item, "\(quoted(row.path)) names \(quoted(text)) twice", "keep one of them")
      }
      guard texts.count < countMax else {
        throw fault(
          item, "\(quoted(row.path)) has too many entries (\(items.count); at most \(countMax))", "name fewer")
      }
      texts.append(text)
    }
    return texts
  }

  private func properties(_ row: Setting, _ node: YAMLNode) throws(Complaint) -> KafkaProperties {
    if node.isNothing { return KafkaProperties() }
    guard case .mapping(let pairs) = node.content else {
      throw fault(
        node, "\(quoted(row.path)) is \(node.kindName) (it takes \(row.kind.expects))", "write one property a line")
    }
    var properties: [KafkaProperties.Property] = []
    for pair in pairs {
      guard properties.count < KafkaProperties.countMax else {
        throw fault(
          pair.mark, "\(quoted(row.path)) has too many entries (\(pairs.count); at most \(KafkaProperties.countMax))",
          "name fewer")
      }
      let property = try property(row, pair)
      guard !properties.contains(where: { $0.name == property.name }) else {
        throw fault(
          pair.mark, "\(quoted("\(row.path).\(property.name)")) is given both as text and as a file", "keep one of them"
        )
      }
      properties.append(property)
    }
    return KafkaProperties(properties)
  }

  private func property(_ row: Setting, _ pair: YAMLNode.Pair) throws(Complaint) -> KafkaProperties.Property {
    let name = pair.key
    let path = "\(row.path).\(name)"
    guard (1...128).contains(name.utf8.count),
      name.utf8.allSatisfy({ isLetterOrDigit($0) || "._-".utf8.contains($0) })
    else {
      throw fault(pair.mark, "\(quoted(path)) is not the name of a librdkafka property", "correct it")
    }
    if let (reason, remedy) = KafkaProperties.refused[name] {
      throw fault(pair.mark, "\(quoted(path)) cannot be set (\(reason))", remedy)
    }
    if name.hasSuffix("_file") {
      let base = String(name.dropLast("_file".count))
      guard KafkaProperties.isSecret(base) else {
        throw fault(pair.mark, "\(quoted(path)): only a secret may be given as a file", "set \(quoted(base))")
      }
      return KafkaProperties.Property(name: base, value: try fileContent(pair.value, path))
    }
    let text = try scalar(pair.value, path, "a text").text
    // Certificates and keys in PEM have lines; a NUL would cut the value short inside librdkafka.
    guard !text.utf8.contains(0) else { throw fault(pair.value, "\(quoted(path)) holds a NUL", "remove it") }
    if name == "max.poll.interval.ms" {
      let least = KafkaProperties.pollIntervalMsMin
      guard let (count, unit) = splitAmount(text), unit.isEmpty, count >= least else {
        throw fault(
          pair.value, "\(quoted(path)) is too short (\(quoted(text)); at least \(least) milliseconds)",
          "leave a revoked partition the time for its last flush")
      }
    }
    return KafkaProperties.Property(name: name, value: text)
  }

  private func wrong(_ row: Setting, _ node: YAMLNode, _ text: String, isBare: Bool = true) -> Complaint {
    guard isBare else {
      return fault(
        node, "\(quoted(row.path)) is a text (\(quoted(text)); it takes \(row.kind.expects))", "remove the quotes")
    }
    return fault(
      node, "\(quoted(row.path)) has a wrong value (\(quoted(text)); it takes \(row.kind.expects))", "correct it")
  }

  private func outOfBounds(_ row: Setting, _ node: YAMLNode, _ text: String) -> Complaint {
    fault(
      node, "\(quoted(row.path)) is out of bounds (\(quoted(text)); it takes \(row.kind.expects))",
      "choose a value inside them")
  }

  private func fault(_ node: YAMLNode, _ problem: String, _ remedy: String) -> Complaint {
    fault(node.mark, problem, remedy)
  }

  private func fault(_ mark: YAMLMark, _ problem: String, _ remedy: String) -> Complaint {
    document.complaint(at: mark, problem, remedy: remedy)
  }
}
