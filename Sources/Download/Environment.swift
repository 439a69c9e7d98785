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
  /// Where hashing and file access happen.
  package var workers: any WorkerPool
  /// How many of them check existing data at once.
  package var workerCount: Int
  /// The files.
  package var files: any FileSystem
  /// Chance, such as which piece comes first.
  package var random: SeededRandom
  /// How many connections there is room for, whatever a run would like.
  package var connectionLimit = Int.max

  /// Creates a world of these parts.
  package init(
    clock: any LoopClock, network: any Network, http: any HTTPClient, workers: any WorkerPool,
    workerCount: Int, files: any FileSystem, random: SeededRandom
  ) {
    self.clock = clock
    self.network = network
    self.http = http
    self.workers = workers
    self.workerCount = workerCount
    self.files = files
    self.random = random
  }
}
