import Glibc
import Networking
import Primitives

/// The port of a session: TCP for peers, and UDP of the same number for the DHT and for trackers.
@Reactor
struct SessionPort {
  /// The number of attempts at a number that is free for TCP and UDP in every family.
  private static let attempts = 8

  /// The listening sockets, all at one port.
  let listeners: [any Listener]
  /// The UDP sockets; there may be none on a host without them.
  let datagrams: DatagramHub

  /// The number of the TCP port.
  var number: UInt16 { listeners.first?.endpoint.port ?? 0 }

  /// The number of the UDP port; nil if there is no UDP socket.
  ///
  /// It differs from the TCP port if another program has that number in a family.
  var datagramPort: UInt16? {
    let ports = datagrams.locals.map(\.port)
    return ports.first { $0 != number } ?? ports.first
  }

  /// A Boolean value indicating whether UDP has the number of the TCP port in one family, and
  /// another one in the other.
  var hasTwoDatagramPorts: Bool {
    datagramPort != number && datagrams.locals.contains { $0.port == number }
  }

  /// Opens the port at every available address.
  ///
  /// With port 0 the system chooses a number for TCP, and another one if that is taken for UDP. A
  /// port chosen by the user is different. If another program has it for TCP at one address, that
  /// is an error, even if it is free at the others, because peers would reach that program. If it
  /// is taken for UDP only, UDP gets another number.
  static func open(
    _ port: UInt16, at addresses: [IPAddress], in environment: Environment
  ) throws(DownloadError) -> SessionPort {
    var attempt = 1
    while true {
      let datagrams = DatagramHub(network: environment.network, clock: environment.clock)
      let (listeners, isWhole) = try listen(at: port, addresses, in: environment.network)
      let opened = SessionPort(listeners: listeners, datagrams: datagrams)
      let isFree = opened.openDatagrams(at: addresses)
      if port != 0 || attempt == attempts || isWhole && isFree { return opened }
      opened.close()
      attempt += 1
    }
  }

  /// Listens at every address where that is possible; the first one decides the port of all.
  ///
  /// A host may lack one of the families. The result also tells whether no other program stood in
  /// the way.
  private static func listen(
    at port: UInt16, _ addresses: [IPAddress], in network: any Network
  ) throws(DownloadError) -> (listeners: [any Listener], isWhole: Bool) {
    var listeners: [any Listener] = []
    var failure: NetworkError?
    var isWhole = true
    for address in addresses {
      let number = listeners.first?.endpoint.port ?? port
      do throws(NetworkError) {
        listeners.append(try network.listen(at: Endpoint(address: address, port: number)))
      } catch {
        failure = failure ?? error
        guard case .system(_, EADDRINUSE) = error else { continue }
        isWhole = false
        guard port == 0 else {
          for listener in listeners { listener.close() }
          throw .listenFailed("port \(port): \(error)")
        }
      }
    }
    if listeners.isEmpty, let failure { throw .listenFailed("\(failure)") }
    return (listeners, isWhole)
  }

  /// Opens UDP sockets at the same number, or else at another; returns whether the number was free.
  private func openDatagrams(at addresses: [IPAddress]) -> Bool {
    var isFree = true
    for address in addresses {
      do throws(NetworkError) {
        try datagrams.open(at: address, port: number)
        continue
      } catch {
        // Any other failure means that the host lacks this family.
        guard case .system(_, EADDRINUSE) = error else { continue }
        isFree = false
      }
      do throws(NetworkError) {
        try datagrams.open(at: address, port: 0)
      } catch {
        // TCP works here, so the session goes on without UDP in this family.
        continue
      }
    }
    return isFree
  }

  /// Closes all sockets.
  func close() {
    for listener in listeners { listener.close() }
    datagrams.close()
  }
}
