package import Primitives

/// A running hash of the events in a simulated network, which differs if two runs differ in any
/// event.
package struct EventTrace: Equatable, Sendable {
  /// A kind of event.
  package enum Kind: UInt8, Sendable {
    case connected = 1
    case refused, delivered, read, wrote, ended, reset, closed, accepted, note, datagram,
      lostDatagram
  }

  /// The FNV-1a hash of all events.
  package private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  /// The number of events.
  package private(set) var count = 0
  /// The events as text, if they are kept.
  package private(set) var lines: [String] = []
  /// A Boolean value indicating whether to keep the events as text, for debugging a run.
  package var keepsLines = false

  /// Adds an event.
  package mutating func record(_ kind: Kind, at now: Instant, connection: Int, value: Int) {
    count += 1
    mix(UInt64(kind.rawValue))
    mix(UInt64(bitPattern: now.nanoseconds))
    mix(UInt64(bitPattern: Int64(connection)))
    mix(UInt64(bitPattern: Int64(value)))
    if keepsLines { lines.append("\(now.nanoseconds) \(kind) #\(connection) \(value)") }
  }

  private mutating func mix(_ number: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      hash = (hash ^ (number >> shift & 0xFF)) &* 0x100_0000_01B3
    }
  }
}
