import Metainfo
import Networking
import PeerWire
import Primitives

/// One leecher's connection to a scripted seed.
@Reactor
final class ScriptedConnection {
  private let seed: ScriptedSeed
  private let transport: any Transport
  private var inbound: InboundMachine
  private var requests = Fifo<Block>()
  private var isOpen = true
  /// A Boolean value indicating whether the leecher is choked, and one whether it should be by now.
  private var isChoking = true
  private var shouldChoke = false
  private var servedBytes: Int64 = 0
  private let wakeup = Wakeup()
  /// Extension protocol frames waiting to be sent.
  private var extensionReplies: [UInt8] = []
  /// The message ids that the leecher assigned to extensions.
  private var numbers: [WireExtension: UInt8] = [:]
  private static let plan = ReadPlan()

  init(seed: ScriptedSeed, transport: any Transport) {
    self.seed = seed
    self.transport = transport
    inbound = InboundMachine(geometry: seed.torrent.geometry)
  }

  func run() async {
    await seed.greetingGate.pass()
    guard isOpen, await exchangeHandshakes() else { return close() }
    seed.noteGreeting()
    var greeting: [UInt8] = []
    PeerMessage.bitfield(seed.pieces).append(to: &greeting)
    if seed.behaviour.speaksExtensions {
      PeerMessage.extended(number: 0, payload: seed.introduction.payload).append(to: &greeting)
    }
    guard await send(greeting) else { return close() }
    await withDiscardingTaskGroup { group in
      group.addTask { await self.readRequests() }
      if let rhythm = seed.behaviour.chokeRhythm {
        group.addTask { await self.alternate(every: rhythm) }
      }
      await serve()
      close()
    }
  }

  func close() {
    isOpen = false
    transport.close()
    wakeup.fire()
  }

  // MARK: - Serving

  private func serve() async {
    await seed.servingGate.pass()
    if let offence = seed.behaviour.offence {
      // The leecher is expected to close the connection.
      _ = await send(Offence.bytes(of: offence, seed: seed))
      while isOpen { await wakeup.wait() }
      return
    }
    while isOpen {
      if isChoking != shouldChoke {
        guard await turn() else { return }
        continue
      }
      if !extensionReplies.isEmpty {
        let bytes = extensionReplies
        extensionReplies = []
        guard await send(bytes) else { return }
        continue
      }
      guard let block = requests.popFirst() else {
        await wakeup.wait()
        continue
      }
      guard await answer(block) else { return }
    }
  }

  /// Chokes or unchokes the leecher as scripted; a choke drops its requests.
  private func turn() async -> Bool {
    isChoking = shouldChoke
    if isChoking { requests.removeAll() }
    var bytes: [UInt8] = []
    (isChoking ? PeerMessage.choke : .unchoke).append(to: &bytes)
    return await send(bytes)
  }

  /// Toggles the scripted choke at regular intervals.
  private func alternate(every rhythm: Duration) async {
    await seed.servingGate.pass()
    while isOpen, await seed.clock.sleep(for: rhythm) {
      shouldChoke.toggle()
      wakeup.fire()
    }
  }

  /// Sends one block as scripted; returns false if the connection is to be closed.
  private func answer(_ block: Block) async -> Bool {
    let behaviour = seed.behaviour
    if let limit = behaviour.hangsUpAfter, servedBytes >= limit { return false }
    if let limit = behaviour.stallsAfter, servedBytes >= limit {
      return await fallSilent()
    }
    if let limit = behaviour.tricklesAfter, servedBytes >= limit { return await trickle(block) }
    var pause = behaviour.latency
    if let rate = behaviour.bytesPerSecond {
      pause += .seconds(Double(block.length) / Double(max(1, rate)))
    }
    if pause > .zero { await seed.clock.sleep(for: pause) }
    guard isOpen, await send(seed.frame(for: block)) else { return false }
    servedBytes += Int64(block.length)
    seed.note(block)
    return true
  }

  private func fallSilent() async -> Bool {
    while isOpen {
      guard seed.behaviour.keepsAlive else {
        await wakeup.wait()
        continue
      }
      guard await seed.clock.sleep(for: .seconds(60)), isOpen, await send([0, 0, 0, 0]) else {
        return false
      }
    }
    return false
  }

  private func trickle(_ block: Block) async -> Bool {
    for byte in seed.frame(for: block) {
      guard await seed.clock.sleep(for: .seconds(4)), isOpen, await send([byte]) else {
        return false
      }
    }
    return isOpen
  }

  // MARK: - The wire

  private func exchangeHandshakes() async -> Bool {
    var received: [UInt8] = []
    while received.count < Handshake.length {
      var chunk = [UInt8](repeating: 0, count: Handshake.length - received.count)
      let result = unsafe chunk.withUnsafeMutableBytes { buffer in
        unsafe transport.read(into: buffer)
      }
      switch result {
      case .bytes(let count): received += chunk.prefix(count)
      case .wouldBlock: await transport.waitUntilReadable()
      case .closed, .failed: return false
      }
      guard isOpen else { return false }
    }
    let handshake = Handshake(
      infoHash: seed.torrent.infoHash, peerID: seed.peerID,
      features: seed.behaviour.speaksExtensions ? .extensions : [])
    return await send(handshake.bytes)
  }

  private func readRequests() async {
    while isOpen {
      inbound.layOut(Self.plan)
      switch unsafe transport.read(into: Self.plan.segments) {
      case .bytes(let count):
        inbound.received(count)
        guard takeMessages() else { return close() }
      case .wouldBlock: await transport.waitUntilReadable()
      case .closed, .failed: return close()
      }
    }
  }

  private func nextEvent() throws(WireError) -> InboundMachine.Event? {
    try inbound.nextEvent(from: Self.plan, placing: { _ in .discard })
  }

  /// Handles the leecher's messages; returns false if it violates the protocol.
  private func takeMessages() -> Bool {
    do throws(WireError) {
      while let event = try nextEvent() {
        switch event {
        case .message(.request(let block)):
          let mayQueue = requests.count < seed.behaviour.droppingQueue ?? .max
          if mayQueue, !isChoking { requests.append(block) }
        case .message(.cancel(let block)):
          let waiting = requests.elements
          if let index = waiting.firstIndex(of: block) {
            requests.remove(at: index - waiting.startIndex)
          }
        case .message(.extended(let number, let payload)): try take(number, payload)
        default: break
        }
      }
    } catch {
      return false
    }
    wakeup.fire()
    seed.noteWaiting(requests.count)
    return requests.count <= PeerConnectionMachine.requestLimit
  }

  /// Handles a message of the extension protocol.
  private func take(_ number: UInt8, _ payload: [UInt8]) throws(WireError) {
    if number == 0, let handshake = ExtensionHandshake(payload: payload) {
      seed.note(handshake)
      let isFirst = numbers.isEmpty
      numbers.merge(handshake.extensions) { $1 }
      if isFirst { for message in seed.behaviour.peerMessages { reply(.peerExchange, message) } }
    } else if number == WireExtension.metadata.rawValue {
      guard let question = try MetadataMessage.decode(payload),
        let answer = seed.answer(question)
      else { return }
      reply(.metadata, answer.payload)
    } else if number == WireExtension.peerExchange.rawValue {
      seed.note(try PexMessage(payload: payload))
    }
  }

  private func reply(_ kind: WireExtension, _ payload: [UInt8]) {
    guard let number = numbers[kind], number != 0 else { return }
    PeerMessage.extended(number: number, payload: payload).append(to: &extensionReplies)
  }

  private func send(_ bytes: [UInt8]) async -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      switch transport.write(rest.prefix(256 << 10)) {
      case .bytes(let count): rest = rest.dropFirst(count)
      case .wouldBlock: await transport.waitUntilWritable()
      case .closed, .failed: return false
      }
      guard isOpen else { return false }
    }
    return true
  }
}

/// The bytes of each protocol violation.
private enum Offence {
  @Reactor
  static func bytes(of offence: SeedBehaviour.Offence, seed: ScriptedSeed) -> [UInt8] {
    var bytes: [UInt8] = []
    switch offence {
    case .oversizedFrame: bytes = [0xFF, 0xFF, 0xFF, 0xFF, 7, 0, 0, 0]
    case .wrongIndex:
      PeerMessage.appendPieceHeader(
        of: Block(piece: PieceIndex(seed.torrent.geometry.pieceCount), offset: 0, length: 16),
        to: &bytes)
      bytes += Array(repeating: 0, count: 16)
    case .unrequestedBlocks:
      for _ in 0..<64 {
        bytes += seed.frame(for: seed.torrent.geometry.block(0, of: PieceIndex(0)))
      }
    case .garbage: bytes = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 91) }
    case .badBitfield: bytes = [0, 0, 0, 2, 5, 1]
    }
    return bytes
  }
}
