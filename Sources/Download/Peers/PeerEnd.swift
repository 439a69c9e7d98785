import Glibc
import PeerWire

/// The reason why a connection to a peer ended.
///
/// A peer's fault is a value and not an error, which would cancel the tasks of other peers.
enum PeerEnd: Equatable, Sendable {
  /// The peer closed the connection, or it broke.
  case lost(String)
  /// The peer violated the protocol.
  case violation(WireError)
  /// No byte arrived for too long.
  case silent
  /// The peer owed blocks for too long and brought none.
  case stalled
  /// The peer takes nothing from us although it has asked.
  case stuck
  /// Neither side wanted anything of the other for too long, and there is no room left.
  case inactive
  /// The peer makes room for one that may be of more use.
  case replaced
  /// Both sides have everything, or want nothing more.
  case nothingToExchange
  /// The peer sent bytes that are not the torrent's.
  case lied
  /// There is another connection to the same peer.
  case duplicate
  /// The run is over.
  case finished

  /// Returns the end of a connection that broke with an `errno`.
  static func broken(_ code: Int32) -> PeerEnd { unsafe .lost(String(cString: strerror(code))) }

  /// The reason in one clause, for people.
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
