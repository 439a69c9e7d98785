import Demo
import Download
import Metainfo
import Networking
import Primitives
import TestSupport

// Magnet links in a simulated world.

extension SimulatedSwarm {
  /// The link of this world's torrent.
  func link(_ change: (inout MagnetLink) -> Void = { _ in }) -> MagnetLink {
    var link = MagnetLink(infoHash: torrent.infoHash)
    change(&link)
    return link
  }

  /// A search that knows all the seeds from the start.
  func search(
    _ link: MagnetLink? = nil, _ change: (inout DownloadOptions) -> Void = { _ in }
  ) -> TorrentDownload {
    let environment = environment()
    return TorrentDownload(source: .magnet(link ?? self.link()), options: options(change)) {
      environment
    }
  }

  /// The number of peers that have greeted each seed.
  var greetings: [Int] { seeds.map { $0.tally.greetings } }

  /// The number of metadata pieces that each seed was asked for.
  var metadataRequests: [Int] { seeds.map { $0.tally.metadataRequests } }

  /// The options of a leecher that knows all the seeds from the start.
  func options(_ change: (inout DownloadOptions) -> Void = { _ in }) -> DownloadOptions {
    var options = DownloadOptions()
    options.torrent.output.folder = "/out"
    options.session.listenAddresses = [Self.leecherAddress]
    options.torrent.sources.peers = endpoints
    options.torrent.sources.trackers = []
    change(&options)
    return options
  }

  /// Searches for the torrent, then downloads it as the command line does.
  func fetch(
    _ link: MagnetLink? = nil, _ change: (inout DownloadOptions) -> Void = { _ in }
  ) async throws(DownloadError) -> DownloadSummary {
    try await run(search(link, change))
  }

  /// Runs only the search for the metadata, beside the seeds.
  func find(_ search: TorrentDownload) async throws(DownloadError) -> TorrentMetainfo {
    let result = await withTaskGroup(of: Void.self) { group in
      for seed in seeds { group.addTask { await seed.run() } }
      group.addTask { await self.collect(search.events) }
      let result: Result<TorrentMetainfo, DownloadError>
      do throws(DownloadError) {
        result = .success(try await search.metadata())
      } catch {
        result = .failure(error)
      }
      for seed in seeds { seed.stop() }
      return result
    }
    return try result.get()
  }
}
