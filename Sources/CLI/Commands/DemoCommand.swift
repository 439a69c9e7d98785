import Demo
import Download
import Primitives

/// `swift-torrent demo`: tests the installation without a network.
enum DemoCommand {
  /// The size of the demo's torrent in bytes, enough for a second or two and a part for every seed.
  private static let size = 256 << 20

  static func run(_ invocation: Invocation) async throws(CommandFailure) {
    let outcome = await Termination.guarding { await perform(invocation.streams) }
    switch outcome {
    case .success(let demo)?: try report(demo, isQuiet: invocation.streams.verbosity == .quiet)
    case .failure(let failure)?: throw CommandFailure(.failure, "the demo failed: \(failure)")
    case nil: break
    }
  }

  /// Runs the demo and shows its events, until both have ended.
  private static func perform(
    _ streams: StreamOptions
  ) async -> Result<DemoSwarm.Outcome, DemoSwarm.Failure> {
    let (events, continuation) = AsyncStream.makeStream(of: DemoSwarm.Event.self)
    async let ending = swarm(continuation)
    var display = ProgressDisplay(streams)
    display.begin(0, name: "demo", isSeeding: false)
    for await event in events {
      switch event {
      case .swarm(let tracker, let seeds):
        display.note("a tracker at \(tracker)")
        for seed in seeds { display.note("\(seed.part) at \(seed.endpoint)") }
      case .download(.pieceFailed(let piece, _)):
        display.note("piece \(piece) was corrupt and is fetched again")
      case .download(let event):
        display.show(event, of: 0)
      }
    }
    let result = await ending
    if case .success(let demo) = result {
      let narrative = DownloadNarrative(verbosity: streams.verbosity)
      display.end(0, narrative.summary(demo.summary, name: "demo"))
    }
    display.close()
    return result
  }

  private static func swarm(
    _ continuation: AsyncStream<DemoSwarm.Event>.Continuation
  ) async -> Result<DemoSwarm.Outcome, DemoSwarm.Failure> {
    defer { continuation.finish() }
    do throws(DemoSwarm.Failure) {
      return .success(try await DemoSwarm.run(size: size, events: continuation))
    } catch {
      return .failure(error)
    }
  }

  private static func report(
    _ demo: DemoSwarm.Outcome, isQuiet: Bool
  ) throws(CommandFailure) {
    guard demo.dataIsRight else {
      throw CommandFailure(.verificationFailed, "the downloaded data differs from the original")
    }
    guard demo.banIsRight else {
      throw CommandFailure(
        .failure, "the lying seed \(demo.liar) should be the only peer that is banned")
    }
    if !isQuiet {
      Console.message("the data equals the original, and the lying seed was banned: success\n")
    }
  }
}
