package import Networking
package import Primitives

/// A small HTTP and UDP tracker, for smoke tests and small swarms.
///
/// It serves both on the same port number. The task tree has one task for each connection, one for
/// all datagrams and one that expires peers. Connections beyond the limit are closed at once and
/// slow ones at their timeout, so no client can exhaust them.
@Reactor
package final class TrackerServer {
  /// The number of attempts to find a port that is free for both TCP and UDP.
  private static let portTries = 8

  private let listener: any Listener
  private let socket: any DatagramSocket
  private let clock: any LoopClock
  private let options: TrackerServerOptions
  private var responder: TrackerResponder
  private var openConnections = 0

  /// Starts to listen; requests are answered once `run()` is called.
  ///
  /// - Parameters:
  ///   - listen: The endpoint to listen at; with port 0 the system chooses a port.
  ///   - network: The network, live or simulated.
  ///   - clock: The clock for timeouts and the age of peers.
  ///   - random: The source of random numbers, which choose the peers of replies.
  ///   - options: The tracker's settings.
  /// - Throws: The reason why it cannot listen there.
  package init(
    listen: Endpoint, network: any Network, clock: any LoopClock, random: SeededRandom,
    options: TrackerServerOptions = TrackerServerOptions()
  ) throws(NetworkError) {
    (listener, socket) = try Self.open(listen, network)
    self.clock = clock
    self.options = options
    responder = TrackerResponder(options: options, random: random)
  }

  private static func open(
    _ endpoint: Endpoint, _ network: any Network
  ) throws(NetworkError) -> (any Listener, any DatagramSocket) {
    var tries = endpoint.port == 0 ? portTries : 1
    while true {
      let listener = try network.listen(at: endpoint)
      tries -= 1
      do throws(NetworkError) {
        let own = Endpoint(address: endpoint.address, port: listener.endpoint.port)
        return (listener, try network.bindDatagrams(at: own))
      } catch {
        listener.close()
        if tries == 0 { throw error }
      }
    }
  }

  /// The endpoint at which it listens, with the actual port.
  package var endpoint: Endpoint { listener.endpoint }

  /// Serves requests until it is stopped or the task is cancelled.
  package func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.forgetPeers() }
      group.addTask { await self.answerDatagrams() }
      while let transport = await listener.accept() {
        guard openConnections < options.maximumConnections else {
          transport.close()
          continue
        }
        openConnections += 1
        group.addTask {
          await self.serve(transport)
          await self.connectionEnded()
        }
      }
      group.cancelAll()
    }
    stop()
  }

  /// Ends `run()`; may be called more than once.
  package func stop() {
    listener.close()
    socket.close()
  }

  private func connectionEnded() {
    openConnections -= 1
  }

  private func forgetPeers() async {
    while await clock.sleep(for: max(options.interval, .seconds(1))) {
      responder.expire(now: clock.now)
    }
  }

  private func answerDatagrams() async {
    let batch = DatagramBatch()
    while await socket.receiveNext(into: batch) {
      for datagram in batch.datagrams {
        let reply = responder.respond(
          toDatagram: datagram.bytes, from: datagram.source, now: clock.now)
        if let reply { socket.send(reply, to: datagram.source) }
      }
    }
  }

  // MARK: - One connection

  private func serve(_ transport: any Transport) async {
    defer { transport.close() }
    var machine = HTTPRequestMachine()
    var deadline = clock.now + options.timeout
    while !Task.isCancelled {
      switch machine.nextAction() {
      case .request(let head):
        let response = responder.respond(
          to: head, from: transport.remote.address, now: clock.now)
        guard await send(response, over: transport), head.keepsAlive else { return }
        deadline = clock.now + options.timeout
        // A client that sends one request after the other must not hold up the others.
        await Task.yield()
      case .refuse(let status):
        _ = await send(
          TrackerResponder.response(status, keepsAlive: false), over: transport)
        return
      case nil:
        guard await receive(from: transport, into: &machine, by: deadline) else { return }
      }
    }
  }

  /// Feeds bytes that have arrived to the machine; returns false if the connection is closed or too
  /// slow.
  private func receive(
    from transport: any Transport, into machine: inout HTTPRequestMachine, by deadline: Instant
  ) async -> Bool {
    switch read(from: transport, into: &machine) {
    case .bytes: return true
    case .closed, .failed: return false
    case .wouldBlock:
      guard clock.now < deadline else { return false }
      // Closing the transport resumes the wait at the deadline.
      let timer = clock.schedule(at: deadline) { transport.close() }
      defer { clock.cancel(timer) }
      await transport.waitUntilReadable()
      return true
    }
  }

  private func read(
    from transport: any Transport, into machine: inout HTTPRequestMachine
  ) -> IOResult {
    unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { memory in
      let result = unsafe transport.read(into: memory)
      if case .bytes(let count) = result { unsafe machine.receive(memory[..<count]) }
      return result
    }
  }

  /// Sends all bytes; returns false if the connection is closed or too slow.
  private func send(_ bytes: [UInt8], over transport: any Transport) async -> Bool {
    var sent = 0
    let timer = clock.schedule(after: options.timeout) { transport.close() }
    defer { clock.cancel(timer) }
    while sent < bytes.count {
      switch transport.write(bytes[sent...]) {
      case .bytes(let count): sent += count
      case .closed, .failed: return false
      case .wouldBlock:
        guard !Task.isCancelled else { return false }
        await transport.waitUntilWritable()
      }
    }
    return true
  }
}
