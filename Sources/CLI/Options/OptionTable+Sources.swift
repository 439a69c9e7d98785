import Download
import Primitives

/// Who is asked for peers and data.
extension OptionTable {
  static let sources: [OptionSpecification] = [
    OptionSpecification(
      "--tracker", "ask this first; \"URL URL\" is a tier; may be repeated",
      for: seekers.union([.create, .scrape]), isRepeatable: true,
      .value(OptionValue("URL")) { invocation, text throws(ExpectedValue) in
        let schemes = ["http", "https", "udp"]
        let tier = text.split(separator: " ").map(String.init)
        guard !tier.isEmpty, tier.allSatisfy({ OptionText.isURL($0, schemes: schemes) }) else {
          throw ExpectedValue("http, https or udp URLs")
        }
        invocation.trackers.append(tier)
      }),
    OptionSpecification(
      "--no-tracker", "do not ask the trackers that the torrent names", for: seekers,
      .flag { invocation in invocation.usesTorrentTrackers = false }),
    OptionSpecification(
      "--all-trackers", "ask all trackers at once, not tier by tier until one works",
      for: transfers,
      .toggle { invocation, isOn in invocation.download.announcesToAllTrackers = isOn }),
    OptionSpecification(
      "--web-seed", "a URL that serves the data over http; may be repeated",
      for: [.download, .create], isRepeatable: true,
      .value(OptionValue("URL")) { invocation, text throws(ExpectedValue) in
        guard OptionText.isURL(text, schemes: ["http", "https"]) else {
          throw ExpectedValue("an http or https URL")
        }
        invocation.webSeeds.append(text)
      }),
    OptionSpecification(
      "--allow-local-urls", "let URLs lead anywhere in this machine and network", for: seekers,
      .toggle { invocation, isOn in invocation.download.allowsLocalURLs = isOn }),
    OptionSpecification(
      "--dht", "use the distributed hash table (default: unless all is local)", for: seekers,
      .toggle { invocation, isOn in invocation.dht.isWanted = isOn }),
    OptionSpecification(
      "--dht-bootstrap", "join it here, not at the public routers; may be repeated",
      for: seekers, isRepeatable: true,
      .value(OptionValue("HOST:PORT")) { invocation, text throws(ExpectedValue) in
        guard let (host, port) = Endpoint.splitHostAndPort(text), port != 0,
          host.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw ExpectedValue("a host and a port, such as router.example:6881 or [::1]:6881") }
        invocation.dht.routers.append(text)
      }),
    OptionSpecification(
      "--dht-state", "keep its nodes in this file from run to run", for: seekers,
      .value(OptionValue("FILE", .file)) { invocation, text throws(ExpectedValue) in
        invocation.dht.stateFile = try OptionText.path(text)
      }),
    OptionSpecification(
      "--pex", "let peers name others, and tell them (default: yes)", for: seekers,
      .toggle { invocation, isOn in invocation.download.exchangesPeers = isOn }),
    OptionSpecification(
      "--lsd", "find peers in the local network too", for: seekers,
      .toggle { invocation, isOn in invocation.download.usesLocalDiscovery = isOn }),
  ]
}
