/// Where a run's events go: to whoever iterates `TorrentDownload.events`.
///
/// Bounded: when the reader falls this far behind, the oldest events are dropped; the snapshot in
/// the next `progress` makes up for what it counts.
struct EventSink: Sendable {
  private static let capacity = 4096

  let stream: AsyncStream<DownloadEvent>
  private let continuation: AsyncStream<DownloadEvent>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(
      bufferingPolicy: .bufferingNewest(Self.capacity))
  }

  func send(_ event: DownloadEvent) {
    continuation.yield(event)
  }

  func finish() {
    continuation.finish()
  }
}
