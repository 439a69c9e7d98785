package import HTTP
package import Networking
package import Primitives
package import Storage

/// The environment of a run: clock, network, files, workers and randomness.
///
/// All external effects of the engine go through it, so that the same engine runs on the real
/// system and in simulated time.
@Reactor
package struct Environment {
  /// The clock and its timers.
  package var clock: any LoopClock
  /// The network for peers, DHT and UDP trackers.
  package var network: any Network
  /// The HTTP client for trackers and web seeds.
  package var http: any HTTPClient
  /// The workers that hash and read existing data.
  package var workers: any WorkerPool
  /// The worker that hashes and writes downloaded pieces.
  ///
  /// There is only one, because two threads writing to the same file would wait for each other in
  /// the kernel.
  package var pieceWorkers: any WorkerPool
  /// A Boolean value indicating whether to hash and write pieces on the loop while the disk is
  /// fast.
  ///
  /// On one or two processors this is cheapest: data stays in one cache and no thread waits for
  /// another. On more processors a worker makes downloads faster.
  package var hashesOnLoop = false
  /// The number of workers that check existing data concurrently.
  package var workerCount: Int
  /// The file system.
  package var files: any FileSystem
  /// The source of randomness, such as for choosing the first pieces.
  package var random: SeededRandom
  /// Unpredictable bytes from which secrets such as DHT tokens are derived.
  package var secret: [UInt8]
  /// The maximum number of connections that the system has room for.
  package var connectionLimit = Int.max

  /// Creates an environment; `pieceWorkers` defaults to `workers`.
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
    // A derived secret keeps simulations reproducible; the live environment replaces it.
    var copy = random
    var fork = SeededRandom(seed: copy.next())
    secret = (0..<32).map { _ in UInt8(truncatingIfNeeded: fork.next() >> 56) }
  }
}
