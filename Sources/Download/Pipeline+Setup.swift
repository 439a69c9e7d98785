import Glibc
import Metainfo
import Networking
import Primitives
import Swarm
import Tracker

// Parts of a pipeline's setup.

extension Pipeline {
  /// Takes over the peers found before the torrent was known.
  func adopt(_ found: FoundSwarm) {
    for connection in found.takeConnections(isPrivate: torrent.isPrivate) {
      roster.adopt(connection)
    }
    for peer in found.peers
    where !torrent.isPrivate || FoundSwarm.isAllowedPrivately(peer.source) {
      roster.learn([peer.endpoint], source: peer.source)
    }
  }

  /// Creates the DHT service; returns nil if it is off or the torrent is private (BEP 27).
  static func makeDHT(
    _ torrent: TorrentMetainfo, _ options: DownloadOptions, _ environment: Environment,
    port: UInt16, state: [UInt8]
  ) -> DHTService? {
    guard var dht = options.dht, !torrent.isPrivate else { return nil }
    if !state.isEmpty { dht.state = state }
    let trackers = options.torrent.sources.trackers ?? torrent.trackers
    return DHTService(
      infoHash: torrent.infoHash,
      nodes: torrent.nodes.map {
        $0.host.contains(":") ? "[\($0.host)]:\($0.port)" : "\($0.host):\($0.port)"
      },
      hasTrackers: trackers.contains { !$0.isEmpty }, listeningPort: port,
      addresses: options.session.ownAddresses, options: dht,
      environment: environment)
  }

  /// Listens on every available address; the first one decides the port of all.
  ///
  /// A host may lack one of the families. A port chosen by the user is different: if another
  /// program has it at one address, that is an error, even if it is free at the others, because
  /// peers would reach that program.
  static func listen(
    _ options: DownloadOptions, _ network: any Network
  ) throws(DownloadError) -> [any Listener] {
    var listeners: [any Listener] = []
    var failure: NetworkError?
    for address in options.session.ownAddresses {
      let port = listeners.first?.endpoint.port ?? options.session.port
      do throws(NetworkError) {
        listeners.append(try network.listen(at: Endpoint(address: address, port: port)))
      } catch {
        failure = failure ?? error
        if options.session.port != 0, case .system(_, EADDRINUSE) = error {
          for listener in listeners { listener.close() }
          throw .listenFailed("port \(options.session.port): \(error)")
        }
      }
    }
    if listeners.isEmpty, let failure { throw .listenFailed("\(failure)") }
    return listeners
  }
}
