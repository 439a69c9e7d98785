import Download
import Metainfo
import Platform
import Primitives
import Tracker

/// `swift-torrent scrape SOURCE|URL|INFO-HASH…`: prints the sizes of swarms.
///
/// Trackers given as announce URLs or with `--tracker` are asked about all given torrents. Without
/// any, each torrent's own trackers are asked. A tracker given without torrents is asked for all
/// that it knows.
enum ScrapeCommand {
  /// A request to one tracker.
  private struct Question {
    let tracker: String
    let infoHashes: [InfoHash]
  }

  /// The maximum number of torrents in a request; more would make URLs that trackers refuse.
  private static let hashesPerQuestion = 50

  static func run(_ invocation: Invocation) async throws(CommandFailure) -> ExitStatus {
    let (questions, names) = try await questions(of: invocation)
    var status = ExitStatus.success
    for question in questions {
      let outcome = await Termination.guarding {
        await ScrapeService.ask(
          question.tracker, about: question.infoHashes,
          allowsLocalURLs: invocation.session.allowsLocalURLs)
      }
      switch outcome {
      case .success(let reply)?:
        try show(reply, of: question, names: names, invocation.streams)
      case .failure(let error)?:
        let failure = CommandFailure(.networkFailure, "\(question.tracker): \(error)")
        Console.message(failure.text)
        if invocation.streams.json {
          try Console.result(EventJSON.failed(failure, source: nil).text + "\n")
        }
        status = .networkFailure
      case nil: return .failure
      }
    }
    return status
  }

  private static func questions(
    of invocation: Invocation
  ) async throws(CommandFailure) -> ([Question], names: [InfoHash: String]) {
    var trackers = invocation.sources.trackers.flatMap(\.self)
    var hashes: [InfoHash] = []
    var own: [(tracker: String, hash: InfoHash)] = []
    var names: [InfoHash: String] = [:]
    for word in invocation.arguments {
      if let hash = InfoHash(hex: word), hash.bytes.count == InfoHash.wireLength {
        hashes.append(hash)
      } else if isUDP(word) {
        trackers.append(word)
      } else if case .url(let url) = SourceArgument(word), isAnnounce(url) {
        trackers.append(url)
      } else {
        let known = try await torrent(of: SourceArgument(word), invocation)
        names[known.infoHash] = known.name
        hashes.append(known.infoHash)
        own += known.trackers.map { ($0, known.infoHash) }
      }
    }
    if trackers.isEmpty {
      if own.isEmpty {
        throw CommandFailure(
          .badUsage, "there is no tracker to ask", hint: "name one with --tracker URL")
      }
      return (own.map { Question(tracker: $0.tracker, infoHashes: [$0.hash]) }, names)
    }
    if hashes.isEmpty, trackers.contains(where: isUDP) {
      throw CommandFailure(
        .badUsage, "a UDP tracker has to be asked about a certain torrent",
        hint: "name a torrent or its info-hash as well")
    }
    let parts = stride(from: 0, to: max(1, hashes.count), by: hashesPerQuestion).map { start in
      Array(hashes[start..<min(hashes.count, start + hashesPerQuestion)])
    }
    return (
      trackers.flatMap { tracker in
        parts.map { Question(tracker: tracker, infoHashes: $0) }
      }, names
    )
  }

  /// Returns the facts about a source that a scrape needs.
  ///
  /// A tracker needs only the info-hash, so the torrent of a magnet link is not fetched from peers.
  private static func torrent(
    of source: SourceArgument, _ invocation: Invocation
  ) async throws(CommandFailure) -> (infoHash: InfoHash, name: String?, trackers: [String]) {
    switch try await SourceLoader.load(source) {
    case .torrent(let torrent):
      return (torrent.infoHash, torrent.name, torrent.trackers.flatMap(\.self))
    case .magnet(let text):
      let link = try MagnetSource(text, invocation).link
      return (link.infoHash, link.name, link.trackers)
    }
  }

  private static func isUDP(_ word: String) -> Bool { word.lowercased().hasPrefix("udp://") }

  /// Returns whether a URL is that of a tracker.
  ///
  /// Its last path segment then begins with `announce` (BEP 48).
  private static func isAnnounce(_ url: String) -> Bool {
    let path = url.prefix { $0 != "?" && $0 != "#" }
    return path.split(separator: "/").last?.hasPrefix("announce") ?? false
  }

  private static func show(
    _ reply: ScrapeReply, of question: Question, names: [InfoHash: String], _ streams: StreamOptions
  ) throws(CommandFailure) {
    let asked = question.infoHashes
    let hashes =
      asked.isEmpty
      ? reply.torrents.keys.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { InfoHash($0) }
      : asked
    var text = ""
    for hash in hashes {
      let counts = reply.torrents[hash.wireBytes]
      let line = ScrapeLine(
        tracker: question.tracker, infoHash: hash, name: names[hash], counts: counts)
      text += (streams.json ? line.json.text : line.text) + "\n"
    }
    try Console.result(text)
  }
}

/// A tracker's answer about one torrent.
package struct ScrapeLine: Sendable {
  let tracker: String
  let infoHash: InfoHash
  let name: String?
  let counts: ScrapeReply.Counts?

  /// The answer as text.
  package var text: String {
    let head = TerminalText.cleaned("\(infoHash)  \(name.map { "\($0)  " } ?? "")\(tracker)  ")
    guard let counts else { return head + "unknown to the tracker" }
    return head
      + "\(counts.seeders) seeding, \(counts.leechers) downloading, \(counts.downloaded) completed"
  }

  /// The answer as JSON.
  package var json: JSONValue {
    .object([
      .init("schema", .count(EventJSON.schema)), .init("tracker", .string(tracker)),
      .init("info_hash", .string(infoHash.description)), .init("name", .text(name)),
      .init("known", .bool(counts != nil)),
      .init("seeders", counts.map { .count($0.seeders) } ?? .null),
      .init("leechers", counts.map { .count($0.leechers) } ?? .null),
      .init("completed", counts.map { .count($0.downloaded) } ?? .null),
    ])
  }
}
