package import HTTP
package import Networking
package import Primitives
package import Storage

/// The world that a run lives in: time, network, files, workers and chance.
///
/// Everything that the engine takes from outside comes through here, so that the same engine runs
/// against the machine and in simulated time.
@Reactor
package struct Environment {
  /// Time and timers.
  package var clock: any LoopClock
  /// Peers.
  package var network: any Network
  /// Trackers.
  package var http: any HTTPClient
  /// Where existing data is hashed and read.
  package var workers: any WorkerPool
  /// Where pieces that have come in are hashed and written; one worker, because two that write to
  /// one file wait for each other in the kernel.
  package var pieceWorkers: any WorkerPool
  /// Whether pieces are hashed and written on the loop as long as the disk is quick.
  ///
  /// With one processor or two this costs the least: nothing moves from one cache to another, and
  /// nobody waits for anybody. With more of them a worker makes the download faster.
  package var hashesOnLoop = false
  /// How many of them check existing data at once.
  package var workerCount: Int
  /// The files.
  package var files: any FileSystem
  /// Chance, such as which piece comes first.
  package var random: SeededRandom
  /// Bytes that nobody outside can guess, on which tokens given to strangers depend.
  package var secret: [UInt8]
  /// How many connections there is room for, whatever a run would like.
  package var connectionLimit = Int.max

  /// Creates a world of these parts; `pieceWorkers` are the same as `workers` unless given.
  package init(
    clock: any LoopClock, network: any Network, http: any HTTPClient, workers: any WorkerPool,
    pieceWorkers: (any WorkerPool)? = nil, workerCount: Int, files: any FileSystem,
    random: SeededRandom
  ) {
    self.clock = clock
    self.network = network
    self.http = http
    self.workers = workers
    self.pieceWorkers = pieceWorkers ?? workers
    self.workerCount = workerCount
    self.files = files
    self.random = random
    // A simulated world can be repeated; the live one replaces it.
    var copy = random
    var fork = SeededRandom(seed: copy.next())
    secret = (0..<32).map { _ in UInt8(truncatingIfNeeded: fork.next() >> 56) }
  }
}
