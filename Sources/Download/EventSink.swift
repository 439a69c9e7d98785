import Synchronization

/// The sink of a run's events, whose reader iterates `TorrentDownload.events`.
///
/// It is bounded: when the reader falls this far behind, the oldest events are dropped. The
/// snapshot in the next `progress` event makes up for what they counted.
///
/// Each event sent wakes the reader, which costs more than the event itself when thousands of small
/// files complete. `fileCompleted` events are therefore held back until the next event of another
/// kind, and keep their order. A `progress` event comes twice a second.
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
