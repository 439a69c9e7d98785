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
    _ link: MagnetLink? = nil, keepsSwarm: Bool = true,
    _ change: (inout DownloadOptions) -> Void = { _ in }
  ) -> MetadataFetch {
    let options = options(change)
    let environment = environment()
    return MetadataFetch(link: link ?? self.link(), options: options, keepsSwarm: keepsSwarm) {
      environment
    }
  }

  /// How many peers have greeted each seed.
  var greetings: [Int] { seeds.map { $0.tally.greetings } }

  /// For how many pieces of the metadata each seed was asked.
  var metadataRequests: [Int] { seeds.map { $0.tally.metadataRequests } }

  /// The options of a leecher that knows all the seeds from the start.
  func options(_ change: (inout DownloadOptions) -> Void = { _ in }) -> DownloadOptions {
    var options = DownloadOptions()
    options.folder = "/out"
    options.listenAddresses = [Self.leecherAddress]
    options.peers = endpoints
    options.trackers = []
    change(&options)
    return options
  }

  /// Searches for the torrent, then downloads it as the command line does.
  func fetch(
    _ link: MagnetLink? = nil, _ change: (inout DownloadOptions) -> Void = { _ in }
  ) async throws(DownloadError) -> DownloadSummary {
    let options = options(change)
    let search = search(link, change)
    let result = await withTaskGroup(of: Void.self) { group in
      for seed in seeds { group.addTask { await seed.run() } }
      let result: Result<DownloadSummary, DownloadError>
      do throws(DownloadError) {
        let found = try await follow(search)
        let download = TorrentDownload(found: found, options: options)
        group.addTask { await self.collect(download.events) }
        result = .success(try await download.run())
      } catch {
        result = .failure(error)
      }
      for seed in seeds { seed.stop() }
      return result
    }
    return try result.get()
  }

  /// Runs a search beside the seeds.
  func run(_ search: MetadataFetch) async throws(DownloadError) -> FoundTorrent {
    let result = await withTaskGroup(of: Void.self) { group in
      for seed in seeds { group.addTask { await seed.run() } }
      let result: Result<FoundTorrent, DownloadError>
      do throws(DownloadError) {
        result = .success(try await follow(search))
      } catch {
        result = .failure(error)
      }
      for seed in seeds { seed.stop() }
      return result
    }
    return try result.get()
  }

  private func follow(_ search: MetadataFetch) async throws(DownloadError) -> FoundTorrent {
    async let events: Void = collect(search.events)
    let result: Result<FoundTorrent, DownloadError>
    do throws(DownloadError) {
      result = .success(try await search.run())
    } catch {
      result = .failure(error)
    }
    await events
    return try result.get()
  }
}
