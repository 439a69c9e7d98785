import Foundation
import TestSupport

/// A BitTorrent client that we did not write.
enum ReferenceClient: String, CaseIterable, Sendable {
  case aria2
  case transmission
  case libtorrent

  /// Its own address in the namespace, so that no other client takes two peers for one.
  var address: String {
    switch self {
    case .aria2: "10.77.1.1"
    case .transmission: "10.77.1.2"
    case .libtorrent: "10.77.1.3"
    }
  }

  /// Starts it on `payload`, with complete data in `folder` (a seed) or none (a leech).
  ///
  /// The limit is in KiB/s. With a magnet link it is not given the torrent;
  /// transmission is given neither.
  func start(
    _ payload: InteropPayload, folder: String, uploadLimit: Int? = nil, isSeed: Bool,
    magnet: String? = nil, in swarm: InteropSwarm
  ) throws -> ChildProcess {
    let source = magnet ?? payload.torrent
    let command =
      switch self {
      case .aria2: aria2(source, folder: folder, uploadLimit: uploadLimit, isSeed: isSeed)
      case .transmission:
        try transmission(
          payload, isMagnet: magnet != nil, folder: folder, uploadLimit: uploadLimit, in: swarm)
      case .libtorrent:
        libtorrent(source, folder: folder, uploadLimit: uploadLimit, isSeed: isSeed)
      }
    return try swarm.namespace.start(command, label: "\(rawValue)-\(isSeed ? "seed" : "leech")")
  }

  private func aria2(
    _ source: String, folder: String, uploadLimit: Int?, isSeed: Bool
  ) -> [String] {
    [
      "aria2c", "--no-conf", "--dir=\(folder)", "--interface=\(address)", "--listen-port=6884",
      "--enable-dht=false", "--enable-dht6=false", "--enable-peer-exchange=false",
      "--bt-enable-lpd=false", "--check-integrity=true", "--allow-overwrite=true",
      "--file-allocation=none", "--max-overall-upload-limit=\(uploadLimit ?? 0)K",
      "--summary-interval=0", "--bt-stop-timeout=120",
    ] + (isSeed ? ["--seed-ratio=0.0"] : ["--seed-time=0"]) + [source]
  }

  private func transmission(
    _ payload: InteropPayload, isMagnet: Bool, folder: String, uploadLimit: Int?,
    in swarm: InteropSwarm
  ) throws -> [String] {
    let home = try swarm.folder.makeFolder("transmission-\(UUID().uuidString)")
    let watched = "\(home)/watched"
    try FileManager.default.createDirectory(atPath: watched, withIntermediateDirectories: true)
    if !isMagnet {
      try FileManager.default.copyItem(
        atPath: payload.torrent, toPath: "\(watched)/\(payload.name).torrent")
    }
    let settings: [String: Any] = [
      "bind-address-ipv4": address, "peer-port": 6882, "rpc-bind-address": address,
      "rpc-port": 9091, "rpc-whitelist-enabled": false, "download-dir": folder,
      "watch-dir": watched, "watch-dir-enabled": true, "start-added-torrents": true,
      "dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false,
      "port-forwarding-enabled": false, "peer-socket-tos": "default", "message-level": 2,
      "speed-limit-up-enabled": uploadLimit != nil, "speed-limit-up": uploadLimit ?? 0,
      "ratio-limit-enabled": false, "rename-partial-files": true,
    ]
    try JSONSerialization.data(withJSONObject: settings)
      .write(to: URL(fileURLWithPath: "\(home)/settings.json"))
    return ["transmission-daemon", "--foreground", "--config-dir", home]
  }

  private func libtorrent(
    _ source: String, folder: String, uploadLimit: Int?, isSeed: Bool
  ) -> [String] {
    let script = FixtureFolder.repositoryPath("Tests/InteropTests/Scripts/libtorrent_peer.py")
    return [
      InteropClients.libtorrentPython ?? "python3", script, isSeed ? "seed" : "leech",
      source, folder, "\(address):6883",
    ] + (uploadLimit.map { [String($0 * 1024)] } ?? [])
  }
}
