package import Primitives

/// Asks UDP trackers (BEP 15): any number of questions to any number of trackers at once, over
/// datagrams that may be lost, late, doubled, or a stranger's.
///
/// A question goes from *connecting*, until the tracker has given a connection id, to *asking*,
/// until it has answered. One id serves all questions to its tracker for a minute. What stays
/// unanswered is sent again after 3, 6, 12 and then 15·2ⁿ seconds, until the question's own time is
/// up. A reply counts only if it comes from the address that was asked and repeats the random
/// number of the latest request; everything else is ignored.
///
/// Feed `receive` and, at `deadline`, `tick`; then take every `nextAction`.
package struct UDPTrackerMachine: Sendable {
  /// How long a connection id is used after it has come (BEP 15).
  package static let connectionLifetime = Duration.seconds(60)
  /// The largest number of questions at a time; further ones fail at once.
  package static let maximumQuestions = 256
  /// The largest number of connection ids that are remembered; the oldest is forgotten first.
  package static let maximumConnections = 256

  /// What a tracker is asked.
  package enum Question: Sendable {
    /// To note an announce and name peers; with the path and query of the tracker's URL.
    case announce(AnnounceRequest, target: [UInt8])
    /// For the size of at most 74 swarms.
    case scrape([InfoHash])
  }

  /// What a tracker has answered.
  package enum Answer: Sendable, Equatable {
    /// To an announce.
    case announce(AnnounceReply)
    /// To a scrape.
    case scrape(ScrapeReply)
  }

  /// Names one question.
  package struct QuestionID: Hashable, Sendable {
    let number: Int
  }

  /// What is to be done.
  package enum Action: Sendable, Equatable {
    /// Send this datagram.
    case send([UInt8], to: Endpoint)
    /// A question has come to its end.
    case finished(QuestionID, Result<Answer, TrackerError>)
  }

  private enum Phase {
    case connecting
    /// `isFresh` tells that this question has brought the connection id itself.
    case asking(isFresh: Bool)
  }

  private struct Pending {
    let id: QuestionID
    let question: Question
    let tracker: Endpoint
    let limit: Instant
    var phase = Phase.connecting
    var transaction: UInt32 = 0
    /// How often the request of this phase has been sent.
    var tries = 0
    var resendAt = Instant.distantFuture
  }

  private struct Connection {
    let tracker: Endpoint
    let number: UInt64
    let receivedAt: Instant
  }

  private var pending: [Pending] = []
  /// In the order of their arrival.
  private var connections: [Connection] = []
  private var actions = Fifo<Action>()
  private var random: SeededRandom
  private var questionCount = 0

  /// Starts with no question; `random` gives the transaction ids.
  package init(random: SeededRandom) {
    self.random = random
  }

  /// When `tick` is due; nil when nothing is open.
  package var deadline: Instant? {
    pending.lazy.map { min($0.limit, $0.resendAt) }.min()
  }

  /// The next thing to do; nil when there is nothing now.
  package mutating func nextAction() -> Action? { actions.popFirst() }

  // MARK: - Asking

  /// Asks a tracker; the answer comes as an action, at the latest at `limit`.
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

  /// Forgets a question, of which nothing is heard any more.
  package mutating func cancel(_ id: QuestionID) {
    pending.removeAll { $0.id == id }
  }

  /// Ends a question because its datagrams cannot be sent.
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

  /// Sends again what is due, and ends what has taken too long.
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
        // A tracker that was restarted says nothing to an id that it does not know any more.
        forgetConnection(to: pending[place].tracker)
        connect(place, now: now)
      }
    }
  }

  // MARK: - Replies

  /// Takes a datagram; one that answers no open question changes nothing.
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
      // The tracker may only have forgotten the id, so it is asked for a new one.
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
