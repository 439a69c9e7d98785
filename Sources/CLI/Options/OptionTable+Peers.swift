import Download
import Primitives

extension OptionTable {
  /// The options for the sources of peers and data.
  static let peers: [OptionSpecification] = [
    OptionSpecification(
      "--peer", "connect to this peer as well; repeatable", for: seekers, isRepeatable: true,
      .value(OptionValue("HOST:PORT")) { invocation, text throws(ExpectedValue) in
        let place = try OptionText.place(text)
        if let endpoint = place.endpoint {
          invocation.torrent.sources.peers.append(endpoint)
        } else {
          invocation.names.peers.append(place)
        }
      }),
    OptionSpecification(
      "--tracker", "tracker to ask first; \"URL URL\" is a tier; repeatable",
      for: seekers.union([.create, .scrape]), isRepeatable: true,
      .value(OptionValue("URL")) { invocation, text throws(ExpectedValue) in
        invocation.sources.trackers.append(try OptionText.tier(text))
      }),
    OptionSpecification(
      "--no-tracker", "ignore the trackers that the torrent names", for: seekers,
      .flag { invocation in invocation.sources.usesTorrentTrackers = false }),
    OptionSpecification(
      "--all-trackers", "announce to all trackers instead of the first one that works",
      for: transfers,
      .toggle { invocation, isOn in invocation.torrent.sources.announcesToAllTrackers = isOn }),
    OptionSpecification(
      "--web-seed", "http(s) URL that serves the same data; repeatable",
      for: [.download, .create], isRepeatable: true,
      .value(OptionValue("URL")) { invocation, text throws(ExpectedValue) in
        invocation.sources.webSeeds.append(try OptionText.webSeed(text))
      }),
    OptionSpecification(
      "--dht", "use the DHT (default: yes, unless all trackers and peers are local)",
      for: seekers,
      .toggle { invocation, isOn in invocation.dht.isWanted = isOn }),
    OptionSpecification(
      "--dht-bootstrap", "join the DHT through this node instead of the public ones; repeatable",
      for: seekers, isRepeatable: true,
      .value(OptionValue("HOST:PORT")) { invocation, text throws(ExpectedValue) in
        invocation.dht.routers.append(try OptionText.place(text).description)
      }),
    OptionSpecification(
      "--dht-state", "remember DHT nodes in FILE from run to run", for: seekers,
      .value(OptionValue("FILE", .file)) { invocation, text throws(ExpectedValue) in
        invocation.dht.stateFile = try OptionText.path(text)
      }),
    OptionSpecification(
      "--pex", "learn of more peers from peers, and tell them of others (default: yes)",
      for: seekers,
      .toggle { invocation, isOn in invocation.torrent.sources.exchangesPeers = isOn }),
    OptionSpecification(
      "--lsd", "also look for peers on the local network", for: seekers,
      .toggle { invocation, isOn in invocation.torrent.sources.usesLocalDiscovery = isOn }),
  ]
}
