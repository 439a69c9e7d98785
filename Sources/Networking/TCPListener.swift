internal import CPosix
internal import Glibc
package import Primitives

/// A listening TCP socket.
///
/// The kernel queues at most `backlog` unaccepted connections and drops the rest.
@Reactor
package final class TCPListener: Listener {
  /// The address on which it listens.
  package let endpoint: Endpoint

  private static let backlog: Int32 = 128
  /// The pause before another attempt when the process or the system has run out of descriptors.
  private static let exhaustionDelay = Duration.milliseconds(100)

  private var socket: SocketDescriptor?
  private var registration: Poller.Registration?
  private let clock: any LoopClock
  private let ready = Wakeup()

  /// Opens a listening socket; an IPv6 socket accepts no IPv4 connections.
  init(at endpoint: Endpoint, clock: any LoopClock) throws(NetworkError) {
    let socket = try SocketDescriptor.stream(for: endpoint.address)
    let descriptor = socket.rawValue
    _ = cposix_set_reuse_address(descriptor)
    if endpoint.address.isIPv6 { _ = cposix_set_v6_only(descriptor) }
    guard unsafe SocketAddress.with(endpoint, { unsafe bind(descriptor, $0, $1) }) == 0 else {
      throw .lastSystemError("bind")
    }
    guard listen(descriptor, Self.backlog) == 0 else { throw .lastSystemError("listen") }
    self.endpoint = SocketAddress.local(of: socket) ?? endpoint
    self.clock = clock
    self.socket = consume socket
    registration = try Reactor.shared.loop.poller.add(descriptor, target: self)
  }

  isolated deinit {
    close()
  }

  /// Waits for the next incoming connection; returns nil if closed or cancelled.
  package func accept() async -> (any Transport)? {
    while let descriptor, !Task.isCancelled {
      switch acceptNow(descriptor) {
      case .connection(let transport): return transport
      case .tryAgain: continue
      case .nothing: await ready.wait()
      case .exhausted:
        // The pending connection raises no new edge, so a timer triggers the next attempt.
        _ = await clock.wait(for: ready, until: clock.now + Self.exhaustionDelay)
      }
    }
    return nil
  }

  /// Stops listening and wakes the waiting task.
  package func close() {
    guard let descriptor else { return }
    if let registration { Reactor.shared.loop.poller.remove(registration, descriptor) }
    registration = nil
    socket = nil
    ready.fire()
  }

  // MARK: - Details

  private enum Attempt {
    case connection(TCPTransport)
    case nothing
    case tryAgain
    case exhausted
  }

  private var descriptor: Int32? {
    switch socket {
    case .some(let socket): socket.rawValue
    case .none: nil
    }
  }

  private func acceptNow(_ descriptor: Int32) -> Attempt {
    var accepted: Int32 = -1
    let remote = unsafe SocketAddress.endpoint { address, length in
      accepted = unsafe cposix_accept(descriptor, address, length)
      return accepted
    }
    guard accepted >= 0 else {
      switch errno {
      case EAGAIN: return .nothing
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
      // Any other error concerns this one connection, which is gone.
      default: return .tryAgain
      }
    }
    let socket = SocketDescriptor(owning: accepted)
    guard let remote else { return .tryAgain }
    do {
      return .connection(try TCPTransport(socket, remote: remote, isConnected: true))
    } catch {
      return .exhausted
    }
  }
}

extension TCPListener: PollTarget {
  func became(_ readiness: Readiness) {
    ready.fire()
  }
}
