import Primitives

/// The parsers of hosts, interfaces and URLs.
extension OptionText {
  /// Parses a host and a port; port 0 is valid only if any port will do.
  static func place(
    _ text: String, allowsAnyPort: Bool = false
  ) throws(ExpectedValue) -> HostAndPort {
    if text.contains(",") {
      throw ExpectedValue(
        "one host and port, such as seed.example:6881; repeat the option for more")
    }
    guard let place = HostAndPort(text), allowsAnyPort || place.port != 0 else {
      throw ExpectedValue(
        "a host and a port, such as seed.example:6881, 192.0.2.1:6881 or [2001:db8::1]:6881")
    }
    return place
  }

  /// Parses the name of a network interface, which need not exist yet.
  static func interface(_ text: String) throws(ExpectedValue) -> String {
    // These are the kernel's own rules.
    guard (1...15).contains(text.utf8.count), text != ".", text != "..",
      text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x2F && $0 != 0x3A })
    else {
      throw ExpectedValue(
        "an address of this machine or a network interface, such as 192.0.2.1, 2001:db8::1 or eth0")
    }
    return text
  }

  /// Parses the trackers of one tier.
  static func tier(_ text: String) throws(ExpectedValue) -> [String] {
    let schemes = ["http", "https", "udp"]
    if let urls = listed(text, schemes: schemes) {
      throw ExpectedValue(
        "blanks between the URLs of a tier, as in --tracker \"\(urls.joined(separator: " "))\", "
          + "or --tracker once for each tier")
    }
    let tier = text.split(separator: " ").map(String.init)
    guard !tier.isEmpty, tier.allSatisfy({ isURL($0, schemes: schemes) }) else {
      throw ExpectedValue("http, https or udp URLs, such as https://tracker.example/announce")
    }
    return tier
  }

  /// Parses the URL of a web seed.
  static func webSeed(_ text: String) throws(ExpectedValue) -> String {
    let schemes = ["http", "https"]
    if listed(text, schemes: schemes) != nil || text.contains(" ") {
      throw ExpectedValue("one URL; repeat --web-seed for more")
    }
    guard isURL(text, schemes: schemes) else { throw ExpectedValue("an http or https URL") }
    return text
  }

  /// Returns the URLs of a list separated by commas or semicolons, as in other programs.
  ///
  /// It is nil for anything else, because a single URL may contain commas.
  private static func listed(_ text: String, schemes: [String]) -> [String]? {
    for separator in [",", ";"] {
      let urls = text.split(separator: separator).map {
        String($0).replacing(" ", with: "")
      }
      if urls.count > 1, urls.allSatisfy({ isURL($0, schemes: schemes) }) { return urls }
    }
    return nil
  }

  /// Returns whether text is an ASCII URL of one of these schemes, with something after `://`.
  static func isURL(_ text: String, schemes: [String]) -> Bool {
    let lowercased = text.lowercased()
    return text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
      && schemes.contains { lowercased.hasPrefix($0 + "://") && lowercased.count > $0.count + 3 }
  }
}
