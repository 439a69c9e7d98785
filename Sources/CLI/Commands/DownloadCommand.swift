import Download
import Metainfo
import Platform
import Primitives

/// `swift-torrent SOURCE…` and `swift-torrent seed SOURCE…`: downloads or seeds torrents.
enum DownloadCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) -> ExitStatus {
    let sources = try EachSource.entries(of: invocation)
    if invocation.batch.listsOnly {
      return try await ListCommand.run(sources, invocation)
    }
    let stop = StopSwitch()
    let session = try RunSession(invocation)
    let reporter = try RunReporter(
      invocation.streams, sources: sources.count, stop: stop)
    let run = BatchRun(
      sources: sources, invocation: invocation, reporter: reporter, stop: stop,
      session: session)
    let status =
      await Termination.guarding(stop: stop.stop) { await run.run(until: $0) } ?? .failure
    guard let code = await reporter.outputError else { return status }
    if Console.isBrokenPipe(code) { Console.dieOfBrokenPipe() }
    throw Console.resultFailure(code)
  }
}

/// A run of one or more sources, with a limited number at a time.
struct BatchRun: Sendable {
  let sources: [InputList.Entry]
  let invocation: Invocation
  let reporter: RunReporter
  let stop: StopSwitch
  let session: RunSession

  /// Runs every source to its end, even if others fail.
  ///
  /// - Parameter ending: The way in which the process ends, for the last event.
  /// - Returns: The exit status of the first source that failed, in the order of the command line.
  func run(until ending: Termination.Ending) async -> ExitStatus {
    let start = await RunClock.now
    await reporter.open(sources: sources.count)
    let results: [SourceResult]
    do throws(DownloadError) {
      results = try await session.run { await runSources(in: $0) }
    } catch {
      results = await fail(
        CommandFailure(error, session: session.options, output: invocation.torrent.output))
    }
    if let problem = session.close() { await reporter.note(problem) }
    var totals = RunTotals(
      results, duration: await RunClock.now - start, signal: ending.settle())
    totals.isSeeding = invocation.command == .seed
    await reporter.close(totals)
    return totals.status
  }

  /// Runs every source, a limited number at a time.
  private func runSources(in session: Session) async -> [SourceResult] {
    var results = [SourceResult?](repeating: nil, count: sources.count)
    await withTaskGroup(of: (Int, SourceResult).self) { group in
      var next = 0
      for _ in 0..<min(sources.count, invocation.batch.jobs) {
        add(next, in: session, to: &group)
        next += 1
      }
      while let (number, result) = await group.next() {
        results[number] = result
        guard next < sources.count else { continue }
        add(next, in: session, to: &group)
        next += 1
      }
    }
    return results.compactMap(\.self)
  }

  private func add(
    _ number: Int, in session: Session, to group: inout TaskGroup<(Int, SourceResult)>
  ) {
    group.addTask {
      let run = SourceRun(number: number, entry: sources[number], batch: self, session: session)
      return (number, await run.run())
    }
  }

  /// Ends every source with the same failure.
  private func fail(_ failure: CommandFailure) async -> [SourceResult] {
    for (number, entry) in sources.enumerated() {
      await reporter.fail(number, failure, name: "\(entry.source)")
    }
    return sources.map { _ in .failed(failure) }
  }
}
