/// A currency of ISO 4217, by its code.
public struct Currency: Sendable, Hashable, CustomStringConvertible {
  public let code: String
  /// Digits of its minor unit behind the point.
  public let digits: Int

  private static let ofTwoDigits = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP
    CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT
    LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR
    RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES
    WST XAD XCD XCG YER ZAR ZMW ZWG
    """
  private static let ofNoDigits = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
  private static let ofThreeDigits = "BHD IQD JOD KWD LYD OMR TND"
  private static let ofFourDigits = "CLF UYW"

  private static let digitsByCode: [String: Int] = {
    var all: [String: Int] = [:]
    for (codes, digits) in [(ofTwoDigits, 2), (ofNoDigits, 0), (ofThreeDigits, 3), (ofFourDigits, 4)] {
      for code in codes.split(whereSeparator: { $0 == " " || $0 == "\n" }) { all[String(code)] = digits }
    }
    return all
  }()

  /// Nil for a code that is not in use.
  public init?(_ code: String) {
    guard let digits = Self.digitsByCode[code] else { return nil }
    self.code = code
    self.digits = digits
  }

  public var description: String { code }
}
