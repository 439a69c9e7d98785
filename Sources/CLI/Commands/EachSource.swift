import Metainfo

/// A loop that runs a command for one source after the other, even if some of them fail.
enum EachSource {
  /// Returns the sources of the command line, followed by those of the list.
  ///
  /// For `seed`, a folder stands for the torrents in it.
  static func entries(
    of invocation: Invocation
  ) throws(CommandFailure) -> [InputList.Entry] {
    var sources = invocation.arguments.map {
      InputList.Entry(source: SourceArgument($0), folder: nil)
    }
    if invocation.batch.inputFile != nil { sources += try listed(in: invocation) }
    return invocation.command == .seed ? TorrentFolder.expanded(sources) : sources
  }

  private static func listed(
    in invocation: Invocation
  ) throws(CommandFailure) -> [InputList.Entry] {
    guard let path = invocation.batch.inputFile else { return [] }
    let limit = InputList.maximumLength
    let bytes =
      path == "-"
      ? try FileBytes.readStandardInput(limit: limit) : try FileBytes.read(path, limit: limit)
    do throws(UsageError) {
      return try InputList.parse(bytes)
    } catch {
      throw error.failure(for: invocation.command)
    }
  }

  /// Calls `body` for each source, and reports failures as they occur if there are several sources.
  ///
  /// - Parameters:
  ///   - entries: The sources.
  ///   - invocation: The command line; with `--json`, failures are also written as JSON.
  ///   - body: The work on a source, given its number counted from 0 and the session of the run.
  /// - Throws: The failure of the source if it is the only one.
  /// - Returns: The exit status of the first source that failed, in order.
  static func run(
    _ entries: [InputList.Entry], _ invocation: Invocation,
    _ body: (Int, InputList.Entry, RunSession) async throws(CommandFailure) -> ExitStatus
  ) async throws(CommandFailure) -> ExitStatus {
    let session = try RunSession(invocation)
    defer { if let problem = session.close() { Console.message(problem) } }
    var status = ExitStatus.success
    for (number, entry) in entries.enumerated() {
      var result: ExitStatus
      do throws(CommandFailure) {
        result = try await body(number, entry, session)
      } catch {
        guard entries.count > 1 else { throw error }
        Console.message(error.prefixed(with: "\(entry.source)").text)
        if invocation.streams.json {
          try Console.result(EventJSON.failed(error, source: number).text + "\n")
        }
        result = error.status
      }
      if status == .success { status = result }
    }
    return status
  }
}
