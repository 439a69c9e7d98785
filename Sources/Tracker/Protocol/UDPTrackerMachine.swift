package import Primitives

/// The client side of UDP trackers (BEP 15) as a state machine: any number of requests to any
/// number of trackers, over datagrams that may be lost, late, duplicated or forged.
///
/// A request is *connecting* until the tracker has assigned a connection id, then *asking* until it
/// has answered. One id serves all requests to its tracker for a minute. An unanswered datagram is
/// sent again after 3, 6, 12 and then 15·2ⁿ seconds, until the request's time limit. A reply counts
/// only if it comes from the tracker's address and repeats the transaction id of the latest
/// datagram; everything else is ignored.
///
/// Feed `receive` and, at `deadline`, `tick`; then take every `nextAction`.
package struct UDPTrackerMachine: Sendable {
  /// The time for which a connection id is used after its arrival (BEP 15).
  package static let connectionLifetime = Duration.seconds(60)
  /// The maximum number of pending requests; further ones fail at once.
  package static let maximumQuestions = 256
  /// The maximum number of connection ids kept; the oldest is evicted first.
  package static let maximumConnections = 256

  /// A request to a tracker.
  package enum Question: Sendable {
    /// An announce, with the path and query of the tracker's URL.
    case announce(AnnounceRequest, target: [UInt8])
    /// A scrape of at most 74 torrents.
    case scrape([InfoHash])
  }

  /// A tracker's reply.
  package enum Answer: Sendable, Equatable {
    /// The reply to an announce.
    case announce(AnnounceReply)
    /// The reply to a scrape.
    case scrape(ScrapeReply)
  }

  /// The identity of a request.
  package struct QuestionID: Hashable, Sendable {
    let number: Int
  }

  /// An effect for the caller to perform.
  package enum Action: Sendable, Equatable {
    /// Sends this datagram.
    case send([UInt8], to: Endpoint)
    /// Completes a request with its result.
    case finished(QuestionID, Result<Answer, TrackerError>)
  }

  private enum Phase {
    case connecting
    /// `isFresh` is true if the connection id was requested by this very request.
    case asking(isFresh: Bool)
  }

  private struct Pending {
    let id: QuestionID
    let question: Question
    let tracker: Endpoint
    let limit: Instant
    var phase = Phase.connecting
    var transaction: UInt32 = 0
    /// The number of datagrams sent in this phase.
    var tries = 0
    var resendAt = Instant.distantFuture
  }

  private struct Connection {
    let tracker: Endpoint
    let number: UInt64
    let receivedAt: Instant
  }

  private var pending: [Pending] = []
  /// The connection ids in the order of arrival.
  private var connections: [Connection] = []
  private var actions = Fifo<Action>()
  private var random: SeededRandom
  private var questionCount = 0

  /// Creates a machine without requests; `random` supplies the transaction ids.
  package init(random: SeededRandom) {
    self.random = random
  }

  /// The time at which `tick` is due; nil if no request is pending.
  package var deadline: Instant? {
    pending.lazy.map { min($0.limit, $0.resendAt) }.min()
  }

  /// Removes and returns the next action; nil if there is none.
  package mutating func nextAction() -> Action? { actions.popFirst() }

  // MARK: - Asking

  /// Starts a request; its result comes as an action, at `limit` at the latest.
  package mutating func ask(
    _ question: Question, of tracker: Endpoint, limit: Instant, now: Instant
  ) -> QuestionID {
    questionCount += 1
    let id = QuestionID(number: questionCount)
    guard pending.count < Self.maximumQuestions else {
      actions.append(.finished(id, .failure(.unreachable("too many requests at once"))))
      return id
    }
    pending.append(Pending(id: id, question: question, tracker: tracker, limit: limit))
    let place = pending.count - 1
    if let connection = connection(to: tracker, now: now) {
      ask(place, over: connection, isFresh: false, now: now)
    } else {
      connect(place, now: now)
    }
    return id
  }

  /// Withdraws a request, which then has no result.
  package mutating func cancel(_ id: QuestionID) {
    pending.removeAll { $0.id == id }
  }

  /// Ends all requests to a tracker because datagrams cannot be sent to it.
  package mutating func sendFailed(to tracker: Endpoint, reason: String) {
    for id in pending.filter({ $0.tracker == tracker }).map(\.id) {
      finish(id, .failure(.unreachable(reason)))
    }
  }

  private mutating func connect(_ place: Int, now: Instant) {
    if case .asking = pending[place].phase { pending[place].tries = 0 }
    pending[place].phase = .connecting
    let transaction = startTry(place, now: now)
    actions.append(
      .send(UDPTrackerPacket.connect(transaction: transaction), to: pending[place].tracker))
  }

  private mutating func ask(
    _ place: Int, over connection: Connection, isFresh: Bool, now: Instant
  ) {
    if case .connecting = pending[place].phase { pending[place].tries = 0 }
    pending[place].phase = .asking(isFresh: isFresh)
    let transaction = startTry(place, now: now)
    let bytes =
      switch pending[place].question {
      case .announce(let request, let target):
        UDPTrackerPacket.announce(
          request, target: target, connection: connection.number, transaction: transaction)
      case .scrape(let infoHashes):
        UDPTrackerPacket.scrape(
          infoHashes, connection: connection.number, transaction: transaction)
      }
    actions.append(.send(bytes, to: pending[place].tracker))
  }

  private mutating func startTry(_ place: Int, now: Instant) -> UInt32 {
    let transaction = UInt32(truncatingIfNeeded: random.next() >> 32)
    pending[place].transaction = transaction
    pending[place].resendAt = now + Self.pause(afterTry: pending[place].tries)
    pending[place].tries += 1
    return transaction
  }

  private static func pause(afterTry number: Int) -> Duration {
    number < 3 ? .seconds(3 << number) : .seconds(15 << min(number - 3, 8))
  }

  // MARK: - Time

  /// Sends datagrams again that are due, and ends requests that have reached their time limit.
  package mutating func tick(now: Instant) {
    connections.removeAll { $0.receivedAt + Self.connectionLifetime <= now }
    for id in pending.filter({ $0.limit <= now }).map(\.id) {
      finish(id, .failure(.unreachable("it did not answer in time")))
    }
    for place in pending.indices where pending[place].resendAt <= now {
      if case .asking(isFresh: true) = pending[place].phase,
        let connection = connection(to: pending[place].tracker, now: now)
      {
        ask(place, over: connection, isFresh: true, now: now)
      } else {
        // A restarted tracker is silent about connection ids that it no longer knows.
        forgetConnection(to: pending[place].tracker)
        connect(place, now: now)
      }
    }
  }

  // MARK: - Replies

  /// Processes a datagram, which is ignored unless it answers a pending request.
  package mutating func receive(_ bytes: [UInt8], from source: Endpoint, now: Instant) {
    var reader = ByteReader(bytes)
    guard let head = UDPTrackerPacket.readHead(&reader),
      let place = pending.firstIndex(where: {
        $0.tracker == source && $0.transaction == head.transaction
      })
    else { return }
    switch (pending[place].phase, UDPTrackerPacket.Action(rawValue: head.action)) {
    case (.connecting, .connect): connected(place, &reader, now: now)
    case (.asking(isFresh: false), .error):
      // The tracker may just have forgotten the connection id, so a new one is requested.
      forgetConnection(to: source)
      connect(place, now: now)
    case (_, .error):
      finish(pending[place].id, .failure(.refused(Printable.text(reader.rest))))
    case (.asking, .announce), (.asking, .scrape): answered(place, head.action, reader.rest)
    case (_, .connect), (_, .announce), (_, .scrape), (_, nil):
      finish(pending[place].id, .failure(.badReply("action \(head.action)")))
    }
  }

  private mutating func connected(_ place: Int, _ reader: inout ByteReader, now: Instant) {
    let tracker = pending[place].tracker
    guard let number = reader.read(UInt64.self) else {
      return finish(pending[place].id, .failure(.badReply("a connection id that is cut short")))
    }
    let connection = Connection(tracker: tracker, number: number, receivedAt: now)
    forgetConnection(to: tracker)
    connections.append(connection)
    if connections.count > Self.maximumConnections { connections.removeFirst() }
    for place in pending.indices where pending[place].tracker == tracker {
      guard case .connecting = pending[place].phase else { continue }
      ask(place, over: connection, isFresh: true, now: now)
    }
  }

  private mutating func answered(_ place: Int, _ action: UInt32, _ body: ArraySlice<UInt8>) {
    let entry = pending[place]
    do throws(TrackerError) {
      switch (entry.question, UDPTrackerPacket.Action(rawValue: action)) {
      case (.announce, .announce):
        let reply = try UDPTrackerPacket.readAnnounce(
          body, isIPv6: entry.tracker.address.isIPv6)
        finish(entry.id, .success(.announce(reply)))
      case (.scrape(let infoHashes), .scrape):
        finish(
          entry.id, .success(.scrape(try UDPTrackerPacket.readScrape(body, of: infoHashes))))
      default: throw .badReply("action \(action)")
      }
    } catch {
      finish(entry.id, .failure(error))
    }
  }

  private mutating func finish(_ id: QuestionID, _ result: Result<Answer, TrackerError>) {
    pending.removeAll { $0.id == id }
    actions.append(.finished(id, result))
  }

  private func connection(to tracker: Endpoint, now: Instant) -> Connection? {
    connections.first {
      $0.tracker == tracker && $0.receivedAt + Self.connectionLifetime > now
    }
  }

  private mutating func forgetConnection(to tracker: Endpoint) {
    connections.removeAll { $0.tracker == tracker }
  }
}
