internal import Bencode
package import Primitives

/// A question about the size of swarms (BEP 48).
package struct ScrapeRequest: Sendable {
  /// The torrents asked about.
  package var infoHashes: [InfoHash]

  /// Asks about these torrents.
  package init(infoHashes: [InfoHash]) {
    self.infoHashes = infoHashes
  }

  /// The query: each hash as raw bytes, percent-encoded.
  package var query: String {
    infoHashes.map { "info_hash=" + PercentEncoding.encode($0.wireBytes) }.joined(separator: "&")
  }
}

/// A tracker's answer to a scrape (BEP 48).
package struct ScrapeReply: Sendable, Equatable {
  /// The largest number of torrents taken from one reply.
  package static let maximumTorrents = 1000

  /// The size of one swarm.
  package struct Counts: Sendable, Equatable {
    /// How many peers have everything.
    package var seeders: Int
    /// How many peers lack something.
    package var leechers: Int
    /// How often the torrent has been completed.
    package var downloaded: Int
  }

  /// By the 20 bytes of the hash.
  package var torrents: [[UInt8]: Counts] = [:]

  /// Creates an empty reply.
  package init() {}

  /// Reads a reply's body.
  ///
  /// - Parameter body: The bencoded dictionary.
  /// - Throws: `.refused` with the tracker's `failure reason`, `.badReply` for what is no reply.
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
