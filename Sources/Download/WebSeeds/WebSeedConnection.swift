import HTTP
import Networking
import PeerWire
import Primitives
import Swarm

/// One connection to a web seed, which pulls claims from a lane as a peer's connection does.
///
/// Claims become runs of contiguous blocks, and each run is requested as one range per file that it
/// spans. A connection reserves no more than it should deliver in a few seconds, so a slow server
/// owes little, and other sources may take that over as from any peer.
@Reactor
final class WebSeedConnection {
  /// The end of a connection.
  enum End: Equatable {
    /// The run is over, or the connection is not needed any more.
    case finished
    /// The server failed, possibly on a particular file.
    case failed(HTTPError, file: Int?)
  }

  /// The maximum length of a run in bytes.
  static let longestRun = 16 << 20
  /// The length of a run in bytes while the server's rate is unknown, and for a very slow server.
  private static let firstRun = 1 << 20
  private static let shortestRun = 128 << 10
  /// The duration of a run at the server's rate, in seconds.
  private static let secondsPerRun = 8.0
  /// The number of runs per second under a rate limit; a run has at least one block.
  private static let limitedRunsPerSecond = 4
  /// The number of blocks taken over at a time from slower sources.
  private static let endgameBlocks = 8
  /// The silence after which other sources are asked for its blocks.
  private static let patience = Duration.seconds(5)
  /// The longest time to hold up a server of whole files for lack of memory.
  private static let memoryPatience = Duration.seconds(60)

  /// The signals that the connection waits for.
  struct Wakeups {
    let lane = Wakeup()
    let backlog = Wakeup()
  }

  let number: PeerNumber
  let wakeups = Wakeups()
  private let seed: WebSeed
  private unowned let swarm: TorrentSwarm
  private let buffers: PieceBuffers
  private let policy: URLPolicy
  private let turn = RateLimiter.Turn()
  /// The bytes received through URLSession, which cannot be held up, and not yet paid for.
  private var debt = 0
  private let connection: HTTPConnection
  private var end: End?
  /// The claim whose blocks are requested next.
  private var claim: Claim?
  private var fetch: WebSeedFetch?
  /// The time of the last arrival for the current run.
  private var silentSince = Instant.zero
  /// The torrent offset at which the current file ends.
  private var fileEnd = Int64.max
  /// The time since which there has been no memory for the data.
  private var waitingSince: Instant?

  init(
    number: PeerNumber, seed: WebSeed, swarm: TorrentSwarm, buffers: PieceBuffers,
    policy: URLPolicy
  ) {
    self.number = number
    self.seed = seed
    self.swarm = swarm
    self.buffers = buffers
    self.policy = policy
    connection = HTTPConnection(
      filter: swarm.session.options.downloadLimiter.map {
        DownloadThrottle($0, clock: swarm.clock)
      })
  }

  private var clock: any LoopClock { swarm.clock }

  /// The limiter of the download rate, if there is one.
  private var limiter: RateLimiter? { swarm.session.options.downloadLimiter }

  /// Downloads until the lane ends, the server fails or the connection is stopped.
  ///
  /// Returns the reason, and the payload that the server delivered.
  func run() async -> (end: End, brought: Int64) {
    swarm.exchange.join(number, kind: .webSeed, now: clock.now)
    swarm.exchange.has(number, seed.available)
    swarm.drain()
    for await next in lane {
      claim = next
      while end == nil, let claim {
        let blocks = reserve(claim)
        guard !blocks.isEmpty else { break }
        await fetch(blocks, isRun: claim.kind == .fresh)
      }
      if let claim { swarm.exchange.giveBack(claim, by: number, now: clock.now) }
      claim = nil
      swarm.drain()
    }
    connection.close()
    let brought = swarm.exchange.downloaded(from: number)
    swarm.exchange.leave(number, now: clock.now)
    swarm.drain()
    return (end ?? .finished, brought)
  }

  /// Ends the connection; the first reason stays.
  func stop(_ reason: End = .finished) {
    guard end == nil else { return }
    end = reason
    turn.close()
    fetch?.stop()
    connection.close()
    wakeups.lane.fire()
  }

  /// Detects silence; called twice a second.
  func tick(now: Instant) {
    let isLate = fetch != nil && now - silentSince >= Self.patience
    swarm.exchange.setLate(number, isLate, now: now)
    swarm.drain()
  }

  /// Handles the delivery of a block by another peer.
  func cancel(_ block: Block) {
    _ = fetch?.cancel(block)
  }

  // MARK: - Claiming

  /// This connection's lane of the work queue.
  private var lane: AsyncStream<Claim> {
    AsyncStream(unfolding: { await self.nextClaim() })
  }

  private func nextClaim() async -> Claim? {
    while end == nil, !swarm.exchange.isOver, !swarm.exchange.board.isComplete {
      if let claim = pull() { return claim }
      guard await wakeups.lane.wait() else { return nil }
    }
    return nil
  }

  private func pull() -> Claim? {
    swarm.lookAtBudgets()
    defer { swarm.drain() }
    if seed.sendsWholeFiles, let first = swarm.exchange.pullWhole(number) { return first }
    return swarm.exchange.pullRun(number, depth: runLength, now: clock.now)
  }

  /// The number of blocks that a run may have now.
  private var runLength: Int {
    let rate = swarm.exchange.rate(of: number, now: clock.now)
    let wish = rate > 0 ? Int(min(rate * Self.secondsPerRun, 1e9)) : Self.firstRun
    var bytes = min(max(wish, Self.shortestRun), Self.longestRun)
    // Short runs keep the rate even under a limit.
    if let limiter { bytes = min(bytes, limiter.bytesPerSecond / Self.limitedRunsPerSecond) }
    return max(1, min(bytes / Block.standardLength, swarm.exchange.share(of: number)))
  }

  /// Reserves blocks of a claim and of the whole pieces after it.
  private func reserve(_ start: Claim) -> [BlockRequest] {
    let limit = start.kind == .endgame ? Self.endgameBlocks : runLength
    var blocks: [BlockRequest] = []
    while blocks.count < limit, let claim {
      if let request = swarm.exchange.nextOfRun(claim, for: number, now: clock.now) {
        blocks.append(request)
        continue
      }
      self.claim =
        claim.kind == .fresh ? swarm.exchange.extendRun(after: claim.piece, for: number) : nil
    }
    swarm.drain()
    return blocks
  }

  // MARK: - Fetching

  /// Downloads blocks, run by run.
  private func fetch(_ blocks: [BlockRequest], isRun: Bool) async {
    var rest = blocks.sorted { offset(of: $0.block) < offset(of: $1.block) }[...]
    while let first = rest.first {
      var count = 1
      var end = offset(of: first.block) + Int64(first.block.length)
      while count < rest.count {
        let next = rest[rest.startIndex + count].block
        guard offset(of: next) == end else { break }
        end += Int64(next.length)
        count += 1
      }
      let run = Array(rest.prefix(count))
      rest = rest.dropFirst(count)
      guard self.end == nil else {
        takeBack(run.map(\.block))
        continue
      }
      await fetchRun(run, mayExtend: isRun && rest.isEmpty && seed.sendsWholeFiles)
    }
  }

  private func takeBack(_ blocks: [Block]) {
    swarm.exchange.takeBack(blocks, from: number, now: clock.now)
    swarm.drain()
  }

  private var geometry: PieceGeometry { swarm.exchange.board.geometry }

  /// Returns the offset of a block within the torrent, in bytes.
  func offset(of block: Block) -> Int64 { geometry.offset(of: block.piece) + Int64(block.offset) }

  /// Downloads contiguous blocks, file by file.
  private func fetchRun(_ blocks: [BlockRequest], mayExtend: Bool) async {
    let fetch = WebSeedFetch(blocks, connection: self, isExtensible: mayExtend)
    self.fetch = fetch
    silentSince = clock.now
    while end == nil, let rest = fetch.rest,
      let part = seed.map.part(at: rest.lowerBound, end: rest.upperBound)
    {
      do throws(HTTPError) {
        try await self.fetch(part, into: fetch)
      } catch {
        // A cancelled download with nothing left to want was ended on purpose.
        if fetch.rest != nil || error != .cancelled { stop(.failed(error, file: part.file)) }
      }
      if Task.isCancelled { stop() }
    }
    self.fetch = nil
    takeBack(fetch.missing)
    await payDebt()
  }

  /// Waits as long as the rate limit demands for the bytes already received.
  private func payDebt() async {
    guard let limiter, debt > 0, end == nil else { return }
    let count = debt
    debt = 0
    guard await limiter.take(count, turn: turn, clock: clock) else { return stop() }
  }

  private func fetch(
    _ part: WebSeedMap.Part, into fetch: WebSeedFetch
  ) async throws(HTTPError) {
    guard let url = part.url else { return fetch.receiveZeros(part.length) }
    fileEnd = (fetch.rest?.lowerBound ?? 0) - part.range.lowerBound + part.fileLength
    var range = part.range
    if seed.sendsWholeFiles { range = range.lowerBound..<part.fileLength }
    var request = HTTPRangeRequest(url: url, range: range, fileLength: part.fileLength)
    request.acceptsWholeFile = seed.sendsWholeFiles
    request.policy = policy
    try await swarm.session.environment.http.download(request, over: connection, into: fetch)
  }

  /// Returns the blocks after the last one, for a server that sends whole files in any case.
  ///
  /// Bytes in between are read and discarded.
  func extend() -> WebSeedFetch.Extension {
    guard fetch?.isExtensible == true, end == nil else { return .init() }
    defer { swarm.drain() }
    guard let last = fetch?.last else { return .init() }
    if claim == nil {
      claim = swarm.exchange.pullWhole(number, from: last.piece.value + 1)
    }
    guard let next = claim else { return .init() }
    waitingSince = nil
    let end = offset(of: last) + Int64(last.length)
    let start = max(end, geometry.offset(of: next.piece))
    // Another file requires another request.
    guard start < fileEnd else { return .init() }
    return .init(gap: Int(clamping: start - end), blocks: reserve(next))
  }

  /// Waits while more of the file is needed but there is no memory for it.
  ///
  /// The server would have to send the file again from the start if the connection were given up,
  /// so the wait ends only after a long time without room.
  func waitForMemory() async -> Bool {
    guard fetch?.isExtensible == true, end == nil, claim == nil, let last = fetch?.last,
      let next = swarm.exchange.firstWhole(for: number, from: last.piece.value + 1),
      geometry.offset(of: next) < fileEnd
    else { return false }
    silentSince = clock.now
    let since = waitingSince ?? clock.now
    waitingSince = since
    guard clock.now - since < Self.memoryPatience else { return false }
    swarm.exchange.awaitRoom(number)
    return await clock.wait(for: wakeups.lane, until: clock.now + .seconds(1)) != .cancelled
  }

  /// Waits while the backlog of pieces to hash and write is too long; data stays in the socket
  /// meanwhile.
  func waitForBacklog() async -> Bool {
    guard end == nil else { return false }
    silentSince = clock.now
    guard !swarm.exchange.mayRead(number) else { return true }
    return await clock.wait(for: wakeups.backlog, until: clock.now + .seconds(1)) != .cancelled
  }

  // MARK: - Bytes

  /// A Boolean value indicating whether to pause reading, which makes the server wait.
  var isHeld: Bool { swarm.exchange.isBehind && connection.isOpen }

  /// Returns the placement of a block that was reserved for this connection.
  func placement(of request: BlockRequest) -> BlockPlacement {
    let place = swarm.exchange.place(of: request.block, isDuplicate: request.isDuplicate)
    return buffers.placement(of: request.block, place)
  }

  /// Records the arrival of bytes, and how many of them are of no use.
  func arrived(_ count: Int, wasted: Int) {
    if limiter != nil, !connection.isOpen { debt += count }
    silentSince = clock.now
    swarm.exchange.streamed(count, wasted: wasted, from: number, now: clock.now)
  }

  /// Records the arrival of a whole block, whose bytes are in the piece or aside.
  func finished(_ request: BlockRequest, isWanted: Bool, aside: UnsafeRawPointer?) {
    seed.delivered()
    if isWanted, let aside = unsafe aside,
      swarm.exchange.place(of: request.block, isDuplicate: false) == .inPiece
    {
      unsafe buffers.copy(aside, to: request.block)
    }
    swarm.exchange.arrived(request.block, from: number, isKept: isWanted, now: clock.now)
    swarm.drain()
  }
}
