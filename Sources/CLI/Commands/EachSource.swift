import Metainfo

/// Does the same with one source after the other, whatever becomes of the others.
enum EachSource {
  /// The sources of the command line, then those of the list.
  static func entries(
    of invocation: Invocation
  ) throws(CommandFailure) -> [InputList.Entry] {
    var sources = invocation.arguments.map {
      InputList.Entry(source: SourceArgument($0), folder: nil)
    }
    guard let path = invocation.batch.inputFile else { return sources }
    let limit = InputList.maximumLength
    let bytes =
      path == "-"
      ? try FileBytes.readStandardInput(limit: limit) : try FileBytes.read(path, limit: limit)
    do throws(UsageError) {
      sources += try InputList.parse(bytes)
    } catch {
      throw error.failure(for: invocation.command)
    }
    return sources
  }

  /// Calls `body` for each source, and reports the failures of several as they happen.
  ///
  /// - Parameters:
  ///   - entries: The sources.
  ///   - streams: Whether failures are told on standard output as well.
  ///   - body: What is done with a source, given its number from 0.
  /// - Throws: The failure of a source that is the only one.
  /// - Returns: The status of the first source that failed, in order.
  static func run(
    _ entries: [InputList.Entry], _ streams: StreamOptions,
    _ body: (Int, InputList.Entry) async throws(CommandFailure) -> ExitStatus
  ) async throws(CommandFailure) -> ExitStatus {
    var status = ExitStatus.success
    for (number, entry) in entries.enumerated() {
      var result: ExitStatus
      do throws(CommandFailure) {
        result = try await body(number, entry)
      } catch {
        guard entries.count > 1 else { throw error }
        Console.message(error.prefixed(with: "\(entry.source)").text)
        if streams.json {
          try Console.result(EventJSON.failed(error, source: number).text + "\n")
        }
        result = error.status
      }
      if status == .success { status = result }
    }
    return status
  }
}
