import Demo
import Download
import Metainfo
import Networking
import Primitives
import Storage
import TestSupport
import Testing

/// Some files of a torrent only, and checks of what is there, through the whole engine.
@Suite(.serialized) struct SelectionDownloadTests {
  /// Pieces of 64 KiB: `b` shares its first with `a` and its last with `c`.
  private static let lengths: [(name: String, length: Int64)] = [
    ("a", 100_000), ("b", 130_000), ("none", 0), ("c", 400_000), ("sub/empty", 0),
  ]

  private func swarm(_ seed: UInt64) async throws -> SimulatedSwarm {
    try await SimulatedSwarm(seed: seed, size: 630_000) { builder in
      for (name, length) in Self.lengths {
        builder.addFile(path: name.split(separator: "/").map(String.init), length: length)
      }
    }
  }

  private func bytes(_ swarm: SimulatedSwarm, of file: Int) -> [UInt8] {
    let start = Self.lengths[..<file].reduce(0) { $0 + Int($1.length) }
    return Array(swarm.content[start..<start + Int(Self.lengths[file].length)])
  }

  @Test func aPreferredFileIsCompleteFirst() async throws {
    let swarm = try await swarm(509)
    let completed = try await swarm.simulation.run {
      try swarm.addSeed(host: .init(uploadRate: 100_000))
      let download = swarm.download()
      download.prefer(files: [3])
      _ = try await swarm.run(download)
      return swarm.events.compactMap { event -> Int? in
        if case .fileCompleted(let index, _, let length) = event, length > 0 { index } else { nil }
      }
    }
    #expect(completed.first == 3)
    #expect(Set(completed) == [0, 1, 3])
  }

  @Test func neighboursAreNeverMadeAndNothingIsLeftOfThem() async throws {
    let swarm = try await swarm(501)
    let expected = bytes(swarm, of: 1)
    let (summary, seen) = try await swarm.simulation.run {
      try swarm.addSeed(host: .init(uploadRate: 100_000))
      let download = swarm.download { $0.torrent.content.selection = FileSelection([1, 4]) }
      // The files on disk are looked at in the middle of the run, again and again.
      let watch = Watch(files: swarm.files)
      let timer = swarm.clock.schedule(after: .milliseconds(200)) { watch.look(swarm.clock) }
      defer { swarm.clock.cancel(timer) }
      let summary = try await swarm.run(download)
      watch.isDone = true
      return (summary, watch.sizes)
    }
    #expect(swarm.files.paths.sorted() == ["data.bin/b", "data.bin/sub/empty"])
    #expect(swarm.files.bytes("data.bin/b") == expected)
    #expect(swarm.files.bytes("data.bin/sub/empty") == [])
    #expect(summary.progress.totalBytes >= 130_000)
    // Three pieces and no more were fetched: one within, and those at both borders.
    #expect(summary.progress.downloadedBytes == 3 * 65536)
    #expect(seen["data.bin/a"] == nil && seen["data.bin/c"] == nil && seen["data.bin/none"] == nil)
    let part = seen.first { $0.key.hasSuffix("-part") }
    #expect(part.map { $0.value <= 2 * 65536 } ?? false, "\(seen)")
  }

  @Test func whatIsChosenLaterIsAddedToWhatIsThere() async throws {
    let swarm = try await swarm(502)
    try await swarm.simulation.run {
      try swarm.addSeed()
      let seed = swarm.seeds[0]
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await seed.run() }
        _ = try await swarm.download { $0.torrent.content.selection = FileSelection([1]) }.run()
        _ = try await swarm.download { $0.torrent.content.selection = FileSelection([0, 2]) }.run()
        let all = try await swarm.download().run()
        // `b` and `a` are whole: only pieces that reach into `c` were missing.
        #expect(all.progress.downloadedBytes <= 400_000 + 65536)
        seed.stop()
      }
    }
    for number in Self.lengths.indices {
      let expected = bytes(swarm, of: number)
      #expect(swarm.files.bytes("data.bin/\(Self.lengths[number].name)") == expected)
    }
    #expect(swarm.files.paths.count == Self.lengths.count)
  }

  // MARK: - Checks

  private func verify(
    _ swarm: SimulatedSwarm, _ change: (inout DownloadOptions) -> Void = { _ in }
  ) async throws -> (report: VerificationReport, checked: Int64) {
    var options = DownloadOptions()
    options.torrent.output.folder = "/out"
    change(&options)
    let world = await swarm.environment()
    let verification = TorrentVerification(torrent: swarm.torrent, options: options.torrent)
    async let report = verification.run(in: { world })
    var checked: Int64 = 0
    for await event in verification.events {
      if case .checking(let done, _) = event { checked = done }
    }
    return (try await report, checked)
  }

  @Test func aCheckTellsWhatIsWrongAndChangesNothing() async throws {
    let swarm = try await swarm(503)
    try await swarm.simulation.run {
      try swarm.addSeed()
      _ = try await swarm.run(swarm.download())
      let (whole, checked) = try await verify(swarm)
      #expect(whole.isIntact && whole.pieceCount == 10 && checked == 630_000)
      // A byte of `c` that is far from its neighbours, a file cut, and one gone.
      var damaged = try #require(swarm.files.bytes("data.bin/c"))
      damaged[200_000] ^= 1
      swarm.files.put("data.bin/c", damaged)
      swarm.files.put("data.bin/a", [1, 2, 3])
      swarm.files.delete("data.bin/none")
      let changes = swarm.files.changes
      let (report, _) = try await verify(swarm)
      #expect(report.badPieces.map(\.piece.value) == [0, 1, 6])
      #expect(report.badPieces.map(\.files) == [[0], [0, 1], [3]])
      #expect(
        report.files.map(\.condition)
          == [.wrongLength(3), .unsure, .missing, .damaged, .intact])
      // A check of some files reports only those.
      let (some, _) = try await verify(swarm) { $0.torrent.content.selection = FileSelection([4]) }
      #expect(some.isIntact && some.files.map(\.index) == [4])
      #expect(swarm.files.changes == changes)
    }
  }

  @Test func aCheckCanBeStopped() async throws {
    let swarm = try await swarm(504)
    try await swarm.simulation.run {
      try swarm.addSeed()
      _ = try await swarm.run(swarm.download())
      var options = DownloadOptions()
      options.torrent.output.folder = "/out"
      let world = swarm.environment()
      let verification = TorrentVerification(torrent: swarm.torrent, options: options.torrent)
      verification.stop()
      await #expect(throws: DownloadError.cancelled) { try await verification.run(in: { world }) }
    }
  }

  @Test func everythingIsHashedWhenThatIsAskedForInSpiteOfTheState() async throws {
    let swarm = try await swarm(505)
    let (first, second, third) = try await swarm.simulation.run {
      try swarm.addSeed(host: .init(uploadRate: 100_000))
      let seed = swarm.seeds[0]
      return await withTaskGroup(of: Void.self) { group in
        group.addTask { await seed.run() }
        let first = await Self.stopped(swarm.download(), after: 200_000)
        let second = await Self.stopped(swarm.download(), after: 0)
        let third = await Self.stopped(
          swarm.download { $0.torrent.output.checksEverything = true }, after: 0)
        seed.stop()
        return (first, second, third)
      }
    }
    #expect(first.hashed == 0)
    #expect(second.verified >= 200_000 && second.hashed == 0, "what was left is trusted")
    #expect(third.verified == second.verified && third.hashed == 630_000)
  }

  /// Runs a download until it has so much; returns the bytes that it hashed and those that it found
  /// right at its start.
  @Reactor
  private static func stopped(
    _ download: TorrentDownload, after bytes: Int64
  ) async -> (hashed: Int64, verified: Int64) {
    var (hashed, verified): (Int64, Int64) = (0, 0)
    async let end: DownloadSummary? = { try? await download.run() }()
    for await event in download.events {
      switch event {
      case .checking(let done, _): hashed = done
      case .checked(let bytes): verified = bytes
      case .progress(let progress) where progress.verifiedBytes >= bytes: download.stop()
      default: break
      }
    }
    _ = await end
    return (hashed, verified)
  }
}

/// The largest size that each file had while it was watched.
@Reactor
private final class Watch {
  var isDone = false
  private(set) var sizes: [String: Int] = [:]
  private let files: MemoryFileSystem

  init(files: MemoryFileSystem) {
    self.files = files
  }

  func look(_ clock: any LoopClock) {
    for path in files.paths {
      sizes[path] = max(sizes[path] ?? 0, files.bytes(path)?.count ?? 0)
    }
    guard !isDone else { return }
    _ = clock.schedule(after: .milliseconds(200)) { self.look(clock) }
  }
}
