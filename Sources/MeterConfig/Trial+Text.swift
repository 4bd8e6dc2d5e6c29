import MeterModel

extension Trial {
  /// As it is written: `14d` are days by the tenant's calendar, everything else goes by the clock.
  public init?(text: String) {
    guard let span = TimeSpan(text: text) else { return nil }
    if text.hasSuffix("d"), let (days, _) = splitAmount(text) {
      self = .days(days)
    } else {
      self = .span(span)
    }
  }
}
