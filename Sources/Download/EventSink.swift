import Synchronization

/// Where a run's events go: to whoever iterates `TorrentDownload.events`.
///
/// Bounded: when the reader falls this far behind, the oldest events are dropped; the snapshot in
/// the next `progress` makes up for what it counts.
///
/// Each event that goes out wakes the reader, which costs more than the event when thousands of
/// small files become complete. Those therefore go with the next event that is not of their kind,
/// in their order; `progress` comes twice a second.
final class EventSink: Sendable {
  private static let capacity = 4096
  private static let heldLimit = 256

  let stream: AsyncStream<DownloadEvent>
  private let continuation: AsyncStream<DownloadEvent>.Continuation
  private let held = Mutex<[DownloadEvent]>([])

  init() {
    (stream, continuation) = AsyncStream.makeStream(
      bufferingPolicy: .bufferingNewest(Self.capacity))
  }

  func send(_ event: DownloadEvent) {
    held.withLock { held in
      held.append(event)
      if case .fileCompleted = event, held.count < Self.heldLimit { return }
      sendHeld(&held)
    }
  }

  func finish() {
    held.withLock { sendHeld(&$0) }
    continuation.finish()
  }

  private func sendHeld(_ held: inout [DownloadEvent]) {
    for event in held { continuation.yield(event) }
    held.removeAll(keepingCapacity: true)
  }
}
