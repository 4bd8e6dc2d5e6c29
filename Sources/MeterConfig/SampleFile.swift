/// The sample configuration: every setting at its default, explained. It is the manual, and it loads as it stands.
public enum SampleFile {
  public static func render() -> String { render(.whole) }

  private static let width = 100

  static func render(_ table: SettingsTable) -> String {
    var text = header
    var section = ""
    for row in table.rows {
      text += "\n"
      if row.section != section, !row.section.isEmpty { text += "\(row.section):\n" }
      section = row.section
      text += entry(row, indent: section.isEmpty ? "" : "  ")
    }
    return text
  }

  private static let header = """
    # The configuration of meterd: every setting with what it does, at its default. Only the ones that say
    # 'required' must be set; a line that is left out has its default.
    #
    # Durations are a whole number with one unit: 250ms 1s 10m 24h 35d. Sizes are 512B 64KiB 64MiB 4GiB.
    # ${NAME} in a value reads the environment, ${NAME:-default} has a value for when it is unset or empty,
    # and $$ is a dollar. Inside braces and brackets such a value needs quotes: { interval: "${INTERVAL:-1s}" }.
    # What is secret may be given as a file instead, by adding _file to its name; a line end behind it is ignored.
    # A relative path starts at the directory of this file.
    #
    # 'meterd check --config FILE' says what is wrong with a file, and what is in force. SIGHUP makes a change of the
    # settings marked 'live' so without a restart.

    """

  private static func entry(_ row: Setting, indent: String) -> String {
    var facts = [row.isRequired ? "Required" : "Default \(row.fallback)"]
    if row.kind.expects != "a mapping of librdkafka properties" { facts.append("takes \(row.kind.expects)") }
    if row.isLive { facts.append("live") }
    var text = comment(row.meaning, indent) + comment(facts.joined(separator: "; ") + ".", indent)
    if !row.inBuild { text += comment("Not in this build yet: only the default is taken.", indent) }
    text += "\(indent)\(row.name): \(row.fallback)\n"
    if row.isSecret { text += "\(indent)# \(row.name)_file: /run/secrets/\(row.section)-\(row.name)\n" }
    return text
  }

  private static func comment(_ sentences: String, _ indent: String) -> String {
    var lines: [String] = []
    var line = "\(indent)#"
    for word in sentences.split(separator: " ") {
      if line.unicodeScalars.count + 1 + word.unicodeScalars.count > width {
        lines.append(line)
        line = "\(indent)#"
      }
      line += " " + word
    }
    return (lines + [line]).map { $0 + "\n" }.joined()
  }
}
