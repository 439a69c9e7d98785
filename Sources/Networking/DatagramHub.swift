package import Primitives

/// The UDP sockets of a process, one for each address family, which several protocols share.
///
/// Each protocol attaches one receiver, and the first byte of a datagram tells whose it is. A hub
/// needs no task: its sockets notify it of arrivals.
@Reactor
package final class DatagramHub {
  /// The receive buffer's size for a datagram.
  ///
  /// It has room for a UDP tracker's reply with 450 IPv6 peers. Longer datagrams are truncated.
  private static let datagramLength = 8192
  /// The number of batches to receive before other tasks get a turn.
  private static let batchesPerTurn = 16

  private let network: any Network
  private let clock: any LoopClock
  private var sockets: [any DatagramSocket] = []
  private var isClosed = false
  private let batch = DatagramBatch(capacity: 8, datagramLength: datagramLength)
  private weak var dhtReceiver: (any DatagramReceiver)?
  private weak var trackerReceiver: (any DatagramReceiver)?

  /// Creates a hub that has no socket yet.
  package init(network: any Network, clock: any LoopClock) {
    self.network = network
    self.clock = clock
  }

  // MARK: - Sockets

  /// Opens a socket for each family of `addresses` that has none, all at the same port if possible.
  ///
  /// - Throws: The reason why not a single socket is open.
  package func open(at addresses: [IPAddress], port: UInt16) throws(NetworkError) {
    var failure = NetworkError.unknownHost("no address to receive datagrams at")
    for address in addresses {
      for port in [sockets.first?.local.port ?? port, 0] {
        do throws(NetworkError) {
          try open(at: address, port: port)
          break
        } catch {
          failure = error
        }
      }
    }
    guard !sockets.isEmpty else { throw failure }
  }

  /// Opens a socket at an address, unless its family has one; with port 0 the system chooses one.
  package func open(at address: IPAddress, port: UInt16) throws(NetworkError) {
    guard !isClosed else { throw .cancelled }
    guard local(isIPv6: address.isIPv6) == nil else { return }
    let socket = try network.bindDatagrams(at: Endpoint(address: address, port: port))
    socket.owner = self
    sockets.append(socket)
  }

  /// The local addresses of the open sockets.
  package var locals: [Endpoint] { sockets.map(\.local) }

  /// Returns the local address of a family's socket, or nil without one.
  package func local(isIPv6: Bool) -> Endpoint? {
    sockets.first { $0.local.address.isIPv6 == isIPv6 }?.local
  }

  /// Closes all sockets for good; closing twice is harmless.
  package func close() {
    isClosed = true
    for socket in sockets { socket.close() }
    sockets = []
  }

  // MARK: - Datagrams

  /// Attaches the receiver of a protocol's datagrams, held weakly, in place of an earlier one.
  package func attach(_ receiver: any DatagramReceiver, for kind: DatagramKind) {
    switch kind {
    case .dht: dhtReceiver = receiver
    case .tracker: trackerReceiver = receiver
    }
  }

  /// Detaches a receiver, unless another one has taken its place.
  package func detach(_ receiver: any DatagramReceiver, from kind: DatagramKind) {
    guard self.receiver(of: kind) === receiver else { return }
    switch kind {
    case .dht: dhtReceiver = nil
    case .tracker: trackerReceiver = nil
    }
  }

  /// Sends one datagram through the socket of its family; any result but `.bytes` means that it was
  /// dropped.
  @discardableResult
  package func send(_ bytes: [UInt8], to endpoint: Endpoint) -> IOResult {
    let isIPv6 = endpoint.address.isIPv6
    let socket = sockets.first { $0.local.address.isIPv6 == isIPv6 }
    return socket?.send(bytes, to: endpoint) ?? .closed
  }

  private func receive(from socket: any DatagramSocket) {
    for _ in 0..<Self.batchesPerTurn {
      guard socket.receive(into: batch) == .datagrams else { return }
      deliver(batch.datagrams)
    }
    // This may be a flood, so the rest waits until other tasks have had their turn.
    _ = clock.schedule(after: .zero) { [weak self] in self?.receive(from: socket) }
  }

  private func deliver(_ datagrams: [Datagram]) {
    for kind in DatagramKind.allCases {
      let own = datagrams.filter { DatagramKind(of: $0) == kind }
      if !own.isEmpty { receiver(of: kind)?.received(own) }
    }
  }

  private func receiver(of kind: DatagramKind) -> (any DatagramReceiver)? {
    switch kind {
    case .dht: dhtReceiver
    case .tracker: trackerReceiver
    }
  }
}

extension DatagramHub: DatagramSocketOwner {
  /// Receives until nothing is pending.
  package func datagramsArrived(at socket: any DatagramSocket) {
    receive(from: socket)
  }
}

/// A protocol that shares UDP sockets with others.
package enum DatagramKind: CaseIterable, Sendable {
  /// The distributed hash table (BEP 5), whose messages are bencoded dictionaries.
  case dht
  /// UDP trackers (BEP 15), whose replies begin with a small number in 32 bits.
  case tracker

  /// Tells whose a datagram is by its first byte.
  ///
  /// A dictionary begins with `d`, and a tracker's reply with 0. A uTP packet (BEP 29) would begin
  /// with its type in the upper four bits and the version 1 in the lower ones, so a case for it can
  /// join these two.
  package init(of datagram: Datagram) {
    self = datagram.bytes.first == UInt8(ascii: "d") ? .dht : .tracker
  }
}

/// The receiver of one protocol's datagrams.
@Reactor
package protocol DatagramReceiver: AnyObject {
  /// Handles datagrams that arrived together, in order of arrival; some may be truncated.
  func received(_ datagrams: [Datagram])
}
