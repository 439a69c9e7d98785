import Foundation
import TestSupport

/// A tracker and its clients in a namespace of their own, on one torrent.
final class InteropSwarm: Sendable {
  static let tracker = "http://\(TestNamespace.host):6969"

  /// Everything that the swarm writes is below it.
  let folder: TemporaryFolder
  /// The network.
  let namespace: TestNamespace

  private init(folder: TemporaryFolder, namespace: TestNamespace) {
    self.folder = folder
    self.namespace = namespace
  }

  /// Makes data, torrent, namespace and opentracker; all end with `body`.
  static func with(
    _ shape: InteropPayload.Shape, pieceLength: Int,
    _ body: (InteropSwarm, InteropPayload) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    let payload = try await InteropPayload.make(
      in: folder.path, shape: shape, pieceLength: pieceLength, tracker: "\(tracker)/announce")
    let namespace = try await TestNamespace.make(logs: folder.path)
    let swarm = InteropSwarm(folder: folder, namespace: namespace)
    do {
      try await swarm.startTracker(payload)
      try await body(swarm, payload)
    } catch {
      await namespace.close()
      throw error
    }
    await namespace.close()
  }

  /// Starts a client that has everything, and waits until the tracker knows of `count` seeds.
  @discardableResult
  func startSeed(
    _ client: ReferenceClient, _ payload: InteropPayload, uploadLimit: Int? = nil, count: Int = 1
  ) async throws -> ChildProcess {
    let process = try client.start(
      payload, folder: payload.folder, uploadLimit: uploadLimit, isSeed: true, in: self)
    try await waitForSeeds(count, of: payload, alive: process)
    return process
  }

  /// Waits until the tracker knows that many seeds.
  func waitForSeeds(
    _ count: Int, of payload: InteropPayload, alive process: ChildProcess
  ) async throws {
    do {
      try await Condition.wait("the tracker knows \(count) seeds", timeout: .seconds(30)) {
        if !process.isRunning { return true }
        return try await self.seedCount(payload) >= count
      }
    } catch let error as ProcessError {
      throw ProcessError.conditionNotMet("\(error); it said: \(process.output)\(process.errors)")
    }
    guard process.isRunning else {
      throw ProcessError.conditionNotMet("the seed runs: \(process.output)\(process.errors)")
    }
  }

  /// Runs a reference client as a leech until its data is complete.
  func leech(
    _ client: ReferenceClient, _ payload: InteropPayload, magnet: String? = nil
  ) async throws -> String {
    let target = try folder.makeFolder("\(client.rawValue)-out")
    let process = try client.start(
      payload, folder: target, isSeed: false, magnet: magnet, in: self)
    if client == .transmission, let magnet { try await addToTransmission(magnet, process) }
    if client == .transmission {
      // It does not end by itself; a file has its final name when all its pieces are verified.
      try await Condition.wait("transmission has every file", timeout: .seconds(90)) {
        payload.hasAllSizes(in: target)
      }
      await process.stop()
    } else {
      let ending = try await process.wait(timeout: .seconds(90))
      guard ending == .exited(0) else {
        throw ProcessError.conditionNotMet(
          "\(client.rawValue) succeeds: \(process.output)\(process.errors)")
      }
    }
    return target
  }

  /// Gives transmission a magnet link: it takes only files from the folder that it watches.
  private func addToTransmission(_ magnet: String, _ process: ChildProcess) async throws {
    let script = FixtureFolder.repositoryPath("Tests/InteropTests/Scripts/transmission_add.py")
    let endpoint = "\(ReferenceClient.transmission.address):9091"
    let outcome = try await namespace.run(
      ["python3", script, endpoint, magnet], timeout: .seconds(90))
    guard outcome.ending == .exited(0) else {
      throw ProcessError.conditionNotMet(
        "transmission takes the link: \(outcome.errors); it said: \(process.errors)")
    }
  }

  /// Starts the real binary inside.
  func startSwiftTorrent(_ arguments: [String], label: String) throws -> ChildProcess {
    try namespace.start([try SwiftTorrentBinary.path()] + arguments, label: label)
  }

  private func startTracker(_ payload: InteropPayload) async throws {
    let home = try folder.makeFolder("tracker")
    try folder.write(payload.infoHash + "\n", to: "tracker/whitelist")
    // As root, opentracker locks itself into the folder and becomes another user.
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: home)
    let process = try namespace.start(
      namespace.asOrdinaryUser + [
        "opentracker", "-i", TestNamespace.host, "-p", "6969", "-P", "6969", "-w", "whitelist",
        "-d", home, "-u", "nobody",
      ], label: "opentracker")
    try await Condition.wait("the tracker answers", timeout: .seconds(10)) {
      guard process.isRunning else {
        throw ProcessError.conditionNotMet("opentracker runs: \(process.errors)")
      }
      return try await self.scrape(payload).ending == .exited(0)
    }
  }

  /// The number of seeds that the tracker knows.
  func seedCount(_ payload: InteropPayload) async throws -> Int {
    let outcome = try await scrape(payload)
    return Int(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }

  private func scrape(_ payload: InteropPayload) async throws -> ProcessRunner.Outcome {
    let script = FixtureFolder.repositoryPath("Tests/InteropTests/Scripts/tracker_seeds.py")
    return try await namespace.run(["python3", script, Self.tracker, payload.infoHash])
  }
}
