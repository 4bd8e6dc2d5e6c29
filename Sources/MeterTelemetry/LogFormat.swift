/// How a line is written: `json` for programs, `text` for people. The raw values are the words of `log.format`.
public enum LogFormat: String, Sendable, CaseIterable {
  case json
  case text
}
