internal import Bencode
package import Primitives

/// A request for the sizes of swarms (BEP 48).
package struct ScrapeRequest: Sendable {
  /// The torrents to ask about.
  package var infoHashes: [InfoHash]

  /// Creates a request about these torrents.
  package init(infoHashes: [InfoHash]) {
    self.infoHashes = infoHashes
  }

  /// The URL's query; each info-hash is percent-encoded raw bytes.
  package var query: String {
    infoHashes.map { "info_hash=" + PercentEncoding.encode($0.wireBytes) }.joined(separator: "&")
  }
}

/// A tracker's reply to a scrape (BEP 48).
package struct ScrapeReply: Sendable, Equatable {
  /// The maximum number of torrents taken from one reply.
  package static let maximumTorrents = 1000

  /// The size of one swarm.
  package struct Counts: Sendable, Equatable {
    /// The number of seeds.
    package var seeders: Int
    /// The number of leeches.
    package var leechers: Int
    /// The number of completed downloads.
    package var downloaded: Int
  }

  /// The swarms by the 20 bytes of their info-hashes.
  package var torrents: [[UInt8]: Counts] = [:]

  /// Creates an empty reply.
  package init() {}

  /// Parses a reply's body.
  ///
  /// - Parameter body: The bencoded dictionary.
  /// - Throws: `.refused` with the tracker's `failure reason`, or `.badReply` if the body is not a
  ///   reply.
  package init(parsing body: [UInt8]) throws(TrackerError) {
    let (root, _) = try AnnounceReply.parseDictionary(body)
    let value = root["files"]
    if let reason = root["failure reason"]?.bytes, !reason.isEmpty || value == nil {
      throw .refused(Printable.text(reason))
    }
    // PHP writes an empty dictionary as an empty list.
    if value?.list?.isEmpty == true { return }
    guard let files = value?.dictionary else { throw .badReply("no files") }
    for (key, value) in files.prefix(Self.maximumTorrents)
    where key.count == InfoHash.wireLength && value.dictionary != nil
      && torrents[Array(key)] == nil
    {
      torrents[Array(key)] = Counts(
        seeders: AnnounceReply.count(value["complete"]) ?? 0,
        leechers: AnnounceReply.count(value["incomplete"]) ?? 0,
        downloaded: AnnounceReply.count(value["downloaded"]) ?? 0)
    }
  }
}
