import Glibc
import PeerWire

/// Why a connection to a peer ended.
///
/// A peer's fault is a value, so it can't reach another's task.
enum PeerEnd: Equatable, Sendable {
  /// The peer closed, or the connection broke.
  case lost(String)
  /// The peer broke the protocol.
  case violation(WireError)
  /// Nothing came for too long.
  case silent
  /// It brought no block of those that it owed for too long.
  case stalled
  /// It takes nothing from us although it asked.
  case stuck
  /// Neither side wanted anything of the other for long, and there is no room left.
  case inactive
  /// It makes room for somebody who may be of more use.
  case replaced
  /// Each side has everything, or wants nothing more.
  case nothingToExchange
  /// The peer sent bytes that are not the torrent's.
  case lied
  /// We are connected to it already.
  case duplicate
  /// The run is over.
  case finished

  /// The connection broke with this `errno`.
  static func broken(_ code: Int32) -> PeerEnd { .lost(String(cString: strerror(code))) }

  /// One clause for people.
  var reason: String {
    switch self {
    case .lost(let how): how
    case .violation(let error): "broke the protocol: \(error)"
    case .silent: "silent for too long"
    case .stalled: "brings nothing of what it was asked for"
    case .stuck: "takes nothing from us"
    case .inactive: "neither side wants anything of the other"
    case .replaced: "makes room for others"
    case .nothingToExchange: "both sides want nothing more"
    case .lied: "sent corrupt data"
    case .duplicate: "connected already"
    case .finished: "the run is over"
    }
  }
}
