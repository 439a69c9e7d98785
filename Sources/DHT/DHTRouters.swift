/// The well-known bootstrap routers.
package enum DHTRouters {
  /// The public routers as `host:port`.
  package static let publicOnes = [
    "dht.libtorrent.org:25401", "router.bittorrent.com:6881", "dht.transmissionbt.com:6881",
    "router.utorrent.com:6881", "dht.aelitis.com:6881",
  ]
}
