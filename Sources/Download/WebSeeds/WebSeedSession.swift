import HTTP
import Networking
import PeerWire
import Primitives
import Swarm

/// One connection to a web seed, which pulls claims from a lane as a peer session does.
///
/// Claims become runs of contiguous blocks, and each run is requested as one range per file that it
/// spans. A session reserves no more than it should deliver in a few seconds, so a slow server
/// holds little, and others may take that over as from any peer.
@Reactor
final class WebSeedSession: LaneWorker {
  /// The end of a session.
  enum End: Equatable {
    /// The run is over, or the session is not needed any more.
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

  let number: PeerNumber
  let laneWakeup = Wakeup()
  private let backlogWakeup = Wakeup()
  var isIdle = false
  var traffic = PeerTraffic()
  /// A closure called with each block that another peer need not send any more.
  var othersToCancel: (Block, PeerNumber) -> Void = { _, _ in }

  private let seed: WebSeed
  private let work: PieceWork
  private let http: any HTTPClient
  private let clock: any LoopClock
  private let policy: URLPolicy
  /// The download rate limiter, if any.
  private let limiter: RateLimiter?
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
    number: PeerNumber, seed: WebSeed, work: PieceWork, http: any HTTPClient,
    clock: any LoopClock, policy: URLPolicy, limiter: RateLimiter? = nil
  ) {
    self.limiter = limiter
    self.number = number
    self.seed = seed
    self.work = work
    self.http = http
    self.clock = clock
    self.policy = policy
    connection = HTTPConnection(filter: limiter.map { DownloadThrottle($0, clock: clock) })
  }

  var depth: Int { runLength }

  /// Downloads until the lane ends, the server fails or the session is stopped.
  func run() async -> End {
    work.joined(number)
    work.has(number, seed.available)
    for await next in lane {
      claim = next
      while end == nil, let claim {
        let blocks = reserve(claim)
        guard !blocks.isEmpty else { break }
        await fetch(blocks, isRun: claim.kind == .fresh)
      }
      if let claim { work.release(claim, by: number) }
      claim = nil
    }
    connection.close()
    work.left(self)
    return end ?? .finished
  }

  /// Ends the session; the first reason stays.
  func stop(_ reason: End = .finished) {
    guard end == nil else { return }
    end = reason
    turn.close()
    fetch?.stop()
    connection.close()
    laneWakeup.fire()
  }

  /// Reports the rate and detects silence; called twice a second.
  func tick(now: Instant) {
    reportRate(now: now)
    if isSnubbed(now: now) { work.wakeIdle() }
  }

  func reportRate(now: Instant) {
    work.update(
      number, rate: traffic.downloaded.rate(now: now), isSnubbed: isSnubbed(now: now))
  }

  private func isSnubbed(now: Instant) -> Bool {
    fetch != nil && now - silentSince >= Self.patience
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
    while end == nil, !work.isClosed {
      if seed.sendsWholeFiles, let first = work.claimFirstWhole(for: number) { return first }
      if let claim = work.claimRun(for: self, now: clock.now) { return claim }
      guard await laneWakeup.wait() else { return nil }
    }
    return nil
  }

  /// The number of blocks that a run may have now.
  private var runLength: Int {
    let rate = traffic.downloaded.rate(now: clock.now)
    let wish = rate > 0 ? Int(min(rate * Self.secondsPerRun, 1e9)) : Self.firstRun
    var bytes = min(max(wish, Self.shortestRun), Self.longestRun)
    // Short runs keep the rate even under a limit.
    if let limiter { bytes = min(bytes, limiter.bytesPerSecond / Self.limitedRunsPerSecond) }
    return max(1, min(bytes / Block.standardLength, work.share(of: number)))
  }

  /// Reserves blocks of a claim and of the whole pieces after it.
  private func reserve(_ start: Claim) -> [BlockRequest] {
    let limit = start.kind == .endgame ? Self.endgameBlocks : runLength
    var blocks: [BlockRequest] = []
    while blocks.count < limit, let claim {
      if let request = work.nextRequest(of: claim, for: number, now: clock.now) {
        blocks.append(request)
        continue
      }
      self.claim = claim.kind == .fresh ? work.claimWhole(after: claim.piece, for: number) : nil
    }
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
        work.release(run.map(\.block), by: number)
        continue
      }
      await fetchRun(run, mayExtend: isRun && rest.isEmpty && seed.sendsWholeFiles)
    }
  }

  private func offset(of block: Block) -> Int64 {
    work.geometry.offset(of: block.piece) + Int64(block.offset)
  }

  /// Downloads contiguous blocks, file by file.
  private func fetchRun(_ blocks: [BlockRequest], mayExtend: Bool) async {
    let fetch = WebSeedFetch(
      blocks, work: work,
      extend: { [unowned self] in mayExtend && end == nil ? nextBlocks() : .init() },
      waitForMore: { [unowned self] in mayExtend ? await waitForMemory() : false },
      isHeld: { [unowned self] in work.isBehind && connection.isOpen },
      waitWhileHeld: { [unowned self] in await waitForBacklog() },
      arrived: { [unowned self] in arrived($0, wasted: $1) },
      finished: { [unowned self] in finished($0, isWanted: $1, aside: $2) })
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
    work.release(fetch.missing, by: number)
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
    try await http.download(request, over: connection, into: fetch)
  }

  /// Returns the blocks after the last one, for a server that sends whole files in any case.
  ///
  /// Bytes in between are read and discarded.
  private func nextBlocks() -> WebSeedFetch.Extension {
    guard let last = fetch?.last else { return .init() }
    if claim == nil { claim = work.claimFirstWhole(for: number, from: last.piece.value + 1) }
    guard let next = claim else { return .init() }
    waitingSince = nil
    let end = offset(of: last) + Int64(last.length)
    let start = max(end, work.geometry.offset(of: next.piece))
    // Another file requires another request.
    guard start < fileEnd else { return .init() }
    return .init(gap: Int(clamping: start - end), blocks: reserve(next))
  }

  /// Waits while more of the file is needed but there is no memory for it.
  ///
  /// The server would have to send the file again from the start if the connection were given up,
  /// so the wait ends only after a long time without room.
  private func waitForMemory() async -> Bool {
    guard end == nil, claim == nil, let last = fetch?.last,
      let next = work.firstWhole(for: number, from: last.piece.value + 1),
      work.geometry.offset(of: next) < fileEnd
    else { return false }
    silentSince = clock.now
    let since = waitingSince ?? clock.now
    waitingSince = since
    guard clock.now - since < Self.memoryPatience else { return false }
    work.awaitMemory(self)
    return await clock.wait(for: laneWakeup, until: clock.now + .seconds(1)) != .cancelled
  }

  /// Waits while the backlog of pieces to hash and write is too long; data stays in the socket
  /// meanwhile.
  private func waitForBacklog() async -> Bool {
    guard end == nil else { return false }
    silentSince = clock.now
    guard work.holds(until: backlogWakeup) else { return true }
    return await clock.wait(for: backlogWakeup, until: clock.now + .seconds(1)) != .cancelled
  }

  private func arrived(_ count: Int, wasted: Int) {
    if limiter != nil, !connection.isOpen { debt += count }
    silentSince = clock.now
    traffic.wasted += Int64(wasted)
    traffic.downloaded.add(bytes: count, now: clock.now)
  }

  private func finished(_ request: BlockRequest, isWanted: Bool, aside: UnsafeRawPointer?) {
    seed.delivered()
    guard isWanted else {
      work.release([request.block], by: number)
      traffic.wasted += Int64(request.block.length)
      return
    }
    let receipt = work.received(request.block, from: number, aside: aside)
    if !receipt.isUseful { traffic.wasted += Int64(request.block.length) }
    for other in receipt.othersToCancel { othersToCancel(request.block, other) }
  }
}
