package import Download
package import Metainfo
import Primitives
import Storage
import Tracker

/// The events of `--json`: one object a line, in the order in which they happen.
///
/// The README documents them. New members may be added at any time; any other change raises
/// `schema`.
package enum EventJSON {
  /// The version of the schema, which the first event carries.
  package static let schema = 1

  /// Returns the first event, `run`.
  package static func run(sources: Int) -> JSONValue {
    object(
      "run",
      [
        .init("schema", .count(schema)), .init("version", .string(CommandLineTool.version)),
        .init("sources", .count(sources)),
      ])
  }

  /// Returns the event that reports a source's torrent.
  package static func metadata(_ torrent: TorrentMetainfo, origin: String, source: Int) -> JSONValue
  {
    object(
      "metadata", source: source,
      [.init("origin", .string(origin))] + TorrentJSON.name(torrent.info.nameBytes) + [
        .init("info_hash", .string(torrent.infoHash.description)),
        .init("total_length", .integer(torrent.geometry.totalLength)),
        .init("piece_length", .count(torrent.geometry.pieceLength)),
        .init("piece_count", .count(torrent.geometry.pieceCount)),
        .init("files", .count(torrent.layout.files.count)),
        .init("private", .bool(torrent.isPrivate)),
      ])
  }

  /// Returns an event of the engine; nil for one that `completed` replaces.
  package static func event(_ event: DownloadEvent, source: Int) -> JSONValue? {
    switch event {
    case .fetchingMetadata(let progress):
      object("fetching-metadata", source: source, fetching(progress))
    case .started(let facts):
      object("started", source: source, started(facts))
    case .checking(let done, let total):
      object(
        "checking", source: source,
        [.init("done", .integer(done)), .init("total", .integer(total))])
    case .checked(let bytes):
      object("checked", source: source, [.init("verified_bytes", .integer(bytes))])
    case .listening(let port, let datagramPort, _):
      object(
        "listening", source: source,
        [
          .init("port", .count(Int(port))),
          .init("udp_port", datagramPort.map { .count(Int($0)) } ?? .null),
        ])
    case .tracker(let report):
      object("tracker", source: source, tracker(report))
    case .dht(let report):
      object("dht", source: source, dht(report))
    case .webSeed(let report):
      object("web-seed", source: source, webSeed(report))
    case .fileRenamed(let change):
      object(
        "file-renamed", source: source,
        [.init("number", .count(change.file + 1))] + TorrentJSON.path(change.path)
          + TorrentJSON.path(change.diskPath, "disk_path"))
    case .peerConnected(let peer, let client, let origin):
      self.peer(
        "connected", peer, .init("client", .string(client)),
        .init("origin", .string(origin.rawValue)), source: source)
    case .peerDisconnected(let peer, let reason):
      self.peer("disconnected", peer, .init("reason", .string(reason)), source: source)
    case .peerBanned(let peer, let reason):
      self.peer("banned", peer, .init("reason", .string(reason)), source: source)
    case .pieceFailed(let piece, let senders):
      object(
        "piece-failed", source: source,
        [.init("piece", .count(piece.value)), .init("senders", .texts(senders.map(\.description)))])
    case .progress(let progress):
      object("progress", source: source, self.progress(progress))
    case .fileCompleted(let index, let path, let length):
      object(
        "file-completed", source: source,
        [
          .init("number", .count(index + 1)), .init("path", .string(path)),
          .init("length", .integer(length)),
        ])
    case .seeding(let facts):
      object("seeding", source: source, seeding(facts))
    case .completed:
      nil
    }
  }

  private static func seeding(_ facts: SeedingFacts) -> [JSONValue.Member] {
    [
      .init("ratio", facts.ratio.map { .decimal($0) } ?? .null),
      .init("time", .seconds(facts.time)),
      .init("partial", .bool(facts.isPartial)),
      .init("verified_bytes", .integer(facts.verifiedBytes)),
      .init("total_bytes", .integer(facts.totalBytes)),
      .init("missing_pieces", .count(facts.missingPieces)),
    ]
  }

  private static func dht(_ report: DHTReport) -> [JSONValue.Member] {
    let nodes = JSONValue.Member("nodes", .count(report.nodes))
    return switch report.state {
    case .joining: [.init("state", .string("joining")), nodes]
    case .joined: [.init("state", .string("joined")), nodes]
    case .searched(let peers):
      [.init("state", .string("searched")), nodes, .init("peers", .count(peers))]
    case .failed(let words):
      [.init("state", .string("failed")), nodes, .init("message", .string(words))]
    }
  }

  private static func webSeed(_ report: WebSeedReport) -> [JSONValue.Member] {
    let (state, reason, pause): (String, String?, Duration?) =
      switch report.state {
      case .working: ("working", nil, nil)
      case .failed(let reason, let pause): ("failed", reason, pause)
      case .limited(let reason): ("limited", reason, nil)
      case .givenUp(let reason): ("given-up", reason, nil)
      }
    return [
      .init("url", .string(report.url)), .init("state", .string(state)),
      .init("reason", .text(reason)), .init("retry_after", .seconds(pause)),
    ]
  }

  /// Returns the event that ends a source whose data is complete or whose seeding goal is reached.
  package static func completed(
    _ summary: DownloadSummary, _ output: CompletedOutput, source: Int
  ) -> JSONValue {
    let final = summary.progress
    return object(
      "completed", source: source,
      [
        .init("name", .string(output.name)), .init("info_hash", .string(output.infoHash)),
        .init("path", .string(output.path)),
        .init("already_complete", .bool(summary.alreadyComplete)),
        .init("total_bytes", .integer(final.totalBytes)),
        .init("verified_bytes", .integer(final.verifiedBytes)),
        .init("downloaded_bytes", .integer(final.downloadedBytes)),
        .init("uploaded_bytes", .integer(final.uploadedBytes)),
        .init("wasted_bytes", .integer(final.wastedBytes)),
        .init("share_ratio", .decimal(final.shareRatio)),
        .init("seconds", .decimal(summary.duration.inSeconds)),
        .init("average_rate", .decimal(final.averageDownloadRate)),
        .init("seeding_seconds", .decimal(summary.seedingTime.inSeconds)),
        .init("failed_pieces", .count(final.failedPieces)),
        .init("banned_peers", .texts(summary.bannedPeers.map(\.description))),
      ])
  }

  /// Returns the event of a source that has failed, or, without a source, of the whole command.
  package static func failed(_ failure: CommandFailure, source: Int?) -> JSONValue {
    object(
      "failed",
      [
        .init("source", source.map { .count($0 + 1) } ?? .null),
        .init("status", .integer(Int64(failure.status.rawValue))),
        .init("message", .string(failure.message)), .init("hint", .text(failure.hint)),
      ])
  }

  /// Returns the event of a source that was given up because the run was interrupted.
  package static func stopped(source: Int) -> JSONValue {
    object("stopped", source: source, [])
  }

  /// Returns the last event, `summary`.
  package static func summary(_ totals: RunTotals) -> JSONValue {
    object(
      "summary",
      [
        .init("status", .integer(Int64(totals.shellStatus))),
        .init("interrupted", .bool(totals.signal != nil)),
        .init("sources", .count(totals.completed + totals.failed + totals.stopped)),
        .init("completed", .count(totals.completed)), .init("failed", .count(totals.failed)),
        .init("stopped", .count(totals.stopped)),
        .init("downloaded_bytes", .integer(totals.downloadedBytes)),
        .init("uploaded_bytes", .integer(totals.uploadedBytes)),
        .init("seconds", .decimal(totals.duration.inSeconds)),
      ])
  }

  private static func object(
    _ event: String, source: Int? = nil, _ members: [JSONValue.Member]
  ) -> JSONValue {
    let first = JSONValue.Member("event", .string(event))
    let number = source.map { [JSONValue.Member("source", .count($0 + 1))] } ?? []
    return .object([first] + number + members)
  }

  private static func fetching(_ progress: MetadataProgress) -> [JSONValue.Member] {
    [
      .init("peers", .count(progress.connectedPeers)),
      .init("offering_peers", .count(progress.offeringPeers)),
      .init("known_peers", .count(progress.knownPeers)),
      .init("received_bytes", .count(progress.receivedBytes)),
      .init("total_bytes", progress.totalBytes.map { .count($0) } ?? .null),
    ]
  }

  private static func started(_ facts: RunFacts) -> [JSONValue.Member] {
    [
      .init("name", .string(facts.name)), .init("info_hash", .string(facts.infoHash.description)),
      .init("total_length", .integer(facts.totalLength)),
      .init("piece_count", .count(facts.pieceCount)), .init("folder", .string(facts.folder)),
    ]
  }

  private static func peer(
    _ state: String, _ peer: Endpoint, _ members: JSONValue.Member..., source: Int
  ) -> JSONValue {
    object(
      "peer", source: source,
      [.init("state", .string(state)), .init("address", .string(peer.description))]
        + members)
  }

  private static func tracker(_ report: TrackerReport) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [.init("url", .string(report.url))]
    switch report.state {
    case .announcing:
      members.append(.init("state", .string("announcing")))
    case .working(let peers, let seeders, let leechers, let next):
      members += [
        .init("state", .string("working")), .init("peers", .count(peers)),
        .init("seeders", seeders.map { .count($0) } ?? .null),
        .init("leechers", leechers.map { .count($0) } ?? .null),
        .init("next_announce", .seconds(next)),
      ]
    case .failed(let words):
      members += [
        .init("state", .string("failed")), .init("message", .string(words)),
        .init("next_announce", .seconds(report.nextAnnounce)),
      ]
    }
    return members + [
      .init("external_address", .text(report.externalAddress?.description)),
      .init("warning", .text(report.warning)),
    ]
  }

  private static func progress(_ progress: ProgressSnapshot) -> [JSONValue.Member] {
    [
      .init("verified_bytes", .integer(progress.verifiedBytes)),
      .init("total_bytes", .integer(progress.totalBytes)),
      .init("downloaded_bytes", .integer(progress.downloadedBytes)),
      .init("uploaded_bytes", .integer(progress.uploadedBytes)),
      .init("wasted_bytes", .integer(progress.wastedBytes)),
      .init("download_rate", .decimal(progress.downloadRate)),
      .init("upload_rate", .decimal(progress.uploadRate)),
      .init("eta", .seconds(progress.eta)),
      .init("peers", .count(progress.connectedPeers)), .init("seeds", .count(progress.seeds)),
      .init("known_peers", .count(progress.knownPeers)),
      .init("verified_pieces", .count(progress.verifiedPieces)),
      .init("piece_count", .count(progress.pieceCount)),
      .init("failed_pieces", .count(progress.failedPieces)),
      .init("banned_peers", .count(progress.bannedPeers)),
      .init("dht_nodes", progress.dhtNodes.map { .count($0) } ?? .null),
      .init("origins", .array(progress.sources.map(origin))),
      .init("trackers", .array(progress.trackers.map { .object(tracker($0)) })),
    ]
  }

  private static func origin(_ summary: SourceSummary) -> JSONValue {
    .object([
      .init("origin", .string(summary.source.rawValue)), .init("found", .count(summary.found)),
      .init("connected", .count(summary.connected)),
      .init("downloaded_bytes", .integer(summary.downloadedBytes)),
    ])
  }
}
