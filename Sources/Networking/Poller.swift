internal import CPosix
internal import Glibc

/// An object that is notified when its descriptor becomes ready.
@Reactor
protocol PollTarget: AnyObject {
  /// Handles the readiness that epoll reports, edge-triggered.
  func became(_ readiness: Readiness)
}

/// The readiness reported by one epoll event.
struct Readiness: OptionSet, Sendable {
  let rawValue: UInt32

  /// Data or the end of the stream can be read.
  static let readable = Readiness(rawValue: cposix_poll_in)
  /// The send buffer has room.
  static let writable = Readiness(rawValue: cposix_poll_out)
  /// The other side has finished sending or the connection is broken, so no further edge may come.
  static let ended = Readiness(
    rawValue: cposix_poll_read_hangup | cposix_poll_hangup | cposix_poll_error)
  /// The connection is broken, or both directions have ended.
  static let broken = Readiness(rawValue: cposix_poll_hangup | cposix_poll_error)
}

/// The epoll instance and its table of descriptors.
///
/// Each event carries a table index and the generation of that entry. An event reported for a
/// closed descriptor therefore never reaches the connection that reuses its entry.
@Reactor
final class Poller {
  /// A handle for one registration.
  struct Registration: Sendable {
    fileprivate let index: UInt32
    fileprivate let generation: UInt32
    fileprivate var data: UInt64 { UInt64(generation) << 32 | UInt64(index) }
  }

  private struct Entry {
    weak var target: (any PollTarget)?
    var generation: UInt32 = 0
  }

  private nonisolated static let wakeData = UInt64.max
  private nonisolated static let writing =
    cposix_poll_out | cposix_poll_read_hangup | cposix_poll_edge

  private let descriptor: Int32
  private let wakeDescriptor: Int32
  private var entries: [Entry] = []
  private var freeIndices: [UInt32] = []
  private var events = [cposix_event](repeating: cposix_event(), count: Int(cposix_max_events))

  nonisolated init(wakeDescriptor: Int32) {
    self.wakeDescriptor = wakeDescriptor
    descriptor = cposix_epoll_create()
    let code = cposix_epoll_add(descriptor, wakeDescriptor, cposix_poll_in, Self.wakeData)
    // Without these two descriptors there is no loop, and nothing that could report an error.
    precondition(code == 0, unsafe "epoll cannot be set up: \(String(cString: strerror(errno)))")
  }

  /// Watches a descriptor in both directions until `remove`; holds the target weakly.
  func add(_ socket: Int32, target: any PollTarget) throws(NetworkError) -> Registration {
    let index = freeIndices.popLast() ?? UInt32(entries.count)
    if Int(index) == entries.count { entries.append(Entry()) }
    let registration = Registration(index: index, generation: entries[Int(index)].generation)
    guard
      cposix_epoll_add(
        descriptor, socket, Self.writing | cposix_poll_in, registration.data) == 0
    else {
      freeIndices.append(index)
      throw .lastSystemError("epoll_ctl")
    }
    entries[Int(index)].target = target
    return registration
  }

  /// Turns read events on or off; turning them on again reports data that arrived meanwhile.
  func setReading(_ isReading: Bool, _ registration: Registration, _ socket: Int32) {
    let mask = isReading ? Self.writing | cposix_poll_in : Self.writing
    _ = cposix_epoll_change(descriptor, socket, mask, registration.data)
  }

  /// Stops watching a descriptor; events already collected for it are dropped.
  func remove(_ registration: Registration, _ socket: Int32) {
    let index = Int(registration.index)
    guard entries[index].generation == registration.generation else { return }
    entries[index].target = nil
    entries[index].generation &+= 1
    freeIndices.append(registration.index)
    _ = cposix_epoll_remove(descriptor, socket)
  }

  /// Waits up to `milliseconds` for events and notifies their targets; -1 waits without limit.
  func poll(milliseconds: Int32) {
    // An interrupted wait reports no events, and the loop polls again anyway.
    let count = unsafe cposix_epoll_wait(descriptor, &events, milliseconds)
    guard count > 0 else { return }
    for position in 0..<Int(count) {
      let event = events[position]
      guard event.data != Self.wakeData else {
        clearWake()
        continue
      }
      let index = Int(event.data & 0xFFFF_FFFF)
      if entries[index].generation == UInt32(event.data >> 32) {
        entries[index].target?.became(Readiness(rawValue: event.events))
      }
    }
  }

  private func clearWake() {
    var count: UInt64 = 0
    _ = unsafe read(wakeDescriptor, &count, 8)
  }
}
