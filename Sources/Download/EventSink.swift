import Synchronization

/// The sink of a run's events, which any number of readers iterate.
///
/// Each reader has a stream of its own, from its creation on. The events before the first reader
/// are kept for that one. Everything is bounded: when a reader falls this far behind, its oldest
/// events are dropped. The snapshot in the next `progress` event makes up for what they counted.
///
/// Each event sent wakes the readers, which costs more than the event itself when thousands of
/// small files complete. `fileCompleted` events are therefore held back until the next event of
/// another kind, and keep their order. A `progress` event comes twice a second.
final class EventSink: Sendable {
  private static let capacity = 4096
  private static let heldLimit = 256

  private struct State {
    var readers: [Int: AsyncStream<DownloadEvent>.Continuation] = [:]
    var nextReader = 0
    /// The events that are held back, and those before the first reader.
    var held: [DownloadEvent] = []
    var isFinished = false
  }

  private let state = Mutex(State())

  init() {}

  /// Returns a stream of the events from now on; the first one also has those before.
  func stream() -> AsyncStream<DownloadEvent> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: DownloadEvent.self, bufferingPolicy: .bufferingNewest(Self.capacity))
    let number: Int = state.withLock { state in
      defer { state.nextReader += 1 }
      let isFirst = state.nextReader == 0
      state.readers[state.nextReader] = continuation
      if isFirst { Self.sendHeld(&state) }
      if state.isFinished { continuation.finish() }
      return state.nextReader
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { $0.readers[number] = nil }
    }
    return stream
  }

  func send(_ event: DownloadEvent) {
    state.withLock { state in
      state.held.append(event)
      guard state.nextReader > 0 else {
        if state.held.count > Self.capacity { state.held.removeFirst(Self.capacity / 4) }
        return
      }
      if case .fileCompleted = event, state.held.count < Self.heldLimit { return }
      Self.sendHeld(&state)
    }
  }

  func finish() {
    let readers = state.withLock { state in
      state.isFinished = true
      if state.nextReader > 0 { Self.sendHeld(&state) }
      return state.readers
    }
    for reader in readers.values { reader.finish() }
  }

  private static func sendHeld(_ state: inout State) {
    for event in state.held {
      for reader in state.readers.values { reader.yield(event) }
    }
    state.held.removeAll(keepingCapacity: true)
  }
}
