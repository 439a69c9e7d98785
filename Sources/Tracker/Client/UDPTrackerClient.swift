package import Networking
package import Primitives

/// A client for UDP trackers (BEP 15) that uses IPv4 and IPv6 concurrently.
///
/// One socket for each family serves all trackers; it is opened for the first request, unless other
/// protocols share theirs. `UDPTrackerMachine` decides which datagrams to send and when. This class
/// moves the datagrams, runs the timer and resumes the waiting callers.
@Reactor
package final class UDPTrackerClient {
  /// The time that the other family has left once one family has answered.
  package static let grace = Duration.seconds(5)

  /// An announce that was answered.
  private struct Announced: Hashable {
    let tracker: String
    let infoHash: InfoHash
  }

  /// A suspended caller, with the result of its request.
  @Reactor
  private final class Waiter {
    let done = Wakeup()
    var result: Result<UDPTrackerMachine.Answer, TrackerError>?
  }

  private let network: any Network
  private let clock: any LoopClock
  private var machine: UDPTrackerMachine
  private let sockets: DatagramHub
  private var waiters: [UDPTrackerMachine.QuestionID: Waiter] = [:]
  private var timer: (id: TimerID, deadline: Instant)?
  /// The endpoints that have answered announces; only they are sent `stopped`.
  private var answering: [Announced: [Endpoint]] = [:]

  /// Creates a client.
  ///
  /// - Parameters:
  ///   - network: The network that provides name resolution.
  ///   - sockets: The sockets to share; nil to open some for the first request.
  ///   - clock: The clock for timeouts.
  ///   - random: The source of transaction numbers.
  package init(
    network: any Network, sockets: DatagramHub? = nil, clock: any LoopClock, random: SeededRandom
  ) {
    self.network = network
    self.clock = clock
    self.sockets = sockets ?? DatagramHub(network: network, clock: clock)
    machine = UDPTrackerMachine(random: random)
    self.sockets.attach(self, for: .tracker)
  }

  // MARK: - Requests

  /// Announces to a tracker's IPv4 and IPv6 address, as far as it has both.
  ///
  /// If only one family answers, that is no failure. Once one has answered, the call waits at most
  /// 5 seconds more for the other.
  ///
  /// - Parameters:
  ///   - request: The announce. `stopped` is sent only to endpoints that have answered an earlier
  ///     announce, if there are any.
  ///   - tracker: The tracker's URL.
  ///   - timeout: The time limit for the whole exchange.
  ///   - onReply: Receives each family's reply as it arrives.
  /// - Throws: The reason why neither family answered.
  package func announce(
    _ request: AnnounceRequest, to tracker: TrackerURL, timeout: Duration,
    onReply: (AnnounceReply) -> Void
  ) async throws(TrackerError) {
    let limit = clock.now + timeout
    let announced = Announced(tracker: tracker.text, infoHash: request.infoHash)
    let isLast = request.event == .stopped
    let known = isLast ? answering.removeValue(forKey: announced) : nil
    let endpoints =
      if let known { known } else { try await addresses(of: tracker, limit: limit) }
    let question = UDPTrackerMachine.Question.announce(request, target: tracker.target)
    try await ask(question, at: endpoints, limit: limit, grace: Self.grace) { answer, endpoint in
      guard case .announce(let reply) = answer else { return }
      if !isLast {
        let others = (answering[announced] ?? []).filter {
          $0.address.isIPv6 != endpoint.address.isIPv6
        }
        answering[announced] = others + [endpoint]
      }
      onReply(reply)
    }
  }

  /// Requests the sizes of swarms.
  ///
  /// - Parameters:
  ///   - infoHashes: The torrents to ask about, in any number up to `ScrapeReply.maximumTorrents`.
  ///   - tracker: The tracker's URL.
  ///   - timeout: The time limit for the whole exchange.
  /// - Throws: The reason why a part of the request was not answered.
  /// - Returns: The sizes of the swarms, according to the family that answers first.
  package func scrape(
    _ infoHashes: [InfoHash], of tracker: TrackerURL, timeout: Duration
  ) async throws(TrackerError) -> ScrapeReply {
    let limit = clock.now + timeout
    var whole = ScrapeReply()
    let endpoints = try await addresses(of: tracker, limit: limit)
    var rest = infoHashes.prefix(ScrapeReply.maximumTorrents)
    while !rest.isEmpty {
      let part = rest.prefix(UDPTrackerPacket.maximumScrapedTorrents)
      rest = rest.dropFirst(part.count)
      try await ask(.scrape(Array(part)), at: endpoints, limit: limit, grace: .zero) { answer, _ in
        guard case .scrape(let reply) = answer else { return }
        whole.torrents.merge(reply.torrents) { first, _ in first }
      }
    }
    return whole
  }

  /// Returns the tracker's first address of each family.
  private func addresses(
    of tracker: TrackerURL, limit: Instant
  ) async throws(TrackerError) -> [Endpoint] {
    guard let port = tracker.port else { throw .badURL(tracker.display) }
    let found: [Endpoint]
    do throws(NetworkError) {
      found = try await network.resolve(host: tracker.host, port: port)
    } catch {
      throw .unreachable("\(error)")
    }
    guard clock.now < limit else { throw .unreachable("it did not answer in time") }
    let four = found.first { !$0.address.unmapped.isIPv6 }
    let six = found.first { $0.address.unmapped.isIPv6 }
    return [four, six].compactMap { $0 }
      .map { Endpoint(address: $0.address.unmapped, port: $0.port) }
  }

  // MARK: - Both families

  private enum Outcome: Sendable {
    case answer(UDPTrackerMachine.Answer, Endpoint)
    case failure(TrackerError)
    case graceOver
  }

  private func ask(
    _ question: UDPTrackerMachine.Question, at endpoints: [Endpoint], limit: Instant,
    grace: Duration, onAnswer: (UDPTrackerMachine.Answer, Endpoint) -> Void
  ) async throws(TrackerError) {
    var failure: TrackerError?
    var hasAnswer = false
    var open = endpoints.count
    await withTaskGroup(of: Outcome.self) { group in
      for endpoint in endpoints {
        group.addTask { await self.ask(question, at: endpoint, limit: limit) }
      }
      while open > 0, let outcome = await group.next() {
        switch outcome {
        case .answer(let answer, let endpoint):
          open -= 1
          onAnswer(answer, endpoint)
          if !hasAnswer, open > 0 {
            group.addTask { [clock] in
              await clock.sleep(for: grace)
              return .graceOver
            }
          }
          hasAnswer = true
        case .failure(let error):
          open -= 1
          failure = failure ?? error
        case .graceOver: open = 0
        }
      }
      group.cancelAll()
    }
    if !hasAnswer { throw failure ?? .unreachable("it has no address") }
  }

  private func ask(
    _ question: UDPTrackerMachine.Question, at endpoint: Endpoint, limit: Instant
  ) async -> Outcome {
    do throws(NetworkError) {
      try sockets.open(at: endpoint.address.isIPv6 ? .any6 : .any4, port: 0)
    } catch {
      return .failure(.unreachable("\(error)"))
    }
    let waiter = Waiter()
    let id = machine.ask(question, of: endpoint, limit: limit, now: clock.now)
    waiters[id] = waiter
    work()
    let isAnswered = await waiter.done.wait()
    waiters[id] = nil
    guard isAnswered, let result = waiter.result else {
      machine.cancel(id)
      work()
      return .failure(.unreachable("the request was cancelled"))
    }
    switch result {
    case .success(let answer): return .answer(answer, endpoint)
    case .failure(let error): return .failure(error)
    }
  }

  // MARK: - Datagrams and time

  /// Performs the machine's pending actions.
  private func work() {
    while let action = machine.nextAction() {
      switch action {
      case .send(let bytes, let endpoint): send(bytes, to: endpoint)
      case .finished(let id, let result):
        waiters[id]?.result = result
        waiters[id]?.done.fire()
      }
    }
    setTimer()
  }

  private func send(_ bytes: [UInt8], to endpoint: Endpoint) {
    guard case .failed(let code) = sockets.send(bytes, to: endpoint) else { return }
    // This host has no route to that address family, so waiting would not help.
    machine.sendFailed(to: endpoint, reason: "\(NetworkError.system(call: "send", code: code))")
  }

  private func setTimer() {
    let deadline = machine.deadline
    guard deadline != timer?.deadline else { return }
    if let timer { clock.cancel(timer.id) }
    timer = deadline.map { deadline in
      let id = clock.schedule(at: deadline) { [weak self] in
        guard let self else { return }
        timer = nil
        machine.tick(now: clock.now)
        work()
      }
      return (id, deadline)
    }
  }
}

extension UDPTrackerClient: DatagramReceiver {
  /// Handles datagrams that trackers sent.
  package func received(_ datagrams: [Datagram]) {
    for datagram in datagrams {
      machine.receive(datagram.bytes, from: datagram.source, now: clock.now)
    }
    work()
  }
}
