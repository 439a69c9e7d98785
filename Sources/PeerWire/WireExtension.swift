/// An extension that peers agree on by name (BEP 10).
///
/// The raw value is the number under which we take its messages; a peer names its own.
package enum WireExtension: UInt8, CaseIterable, Sendable {
  /// Addresses of other peers (BEP 11).
  case peerExchange = 1
  /// Pieces of the `info` dictionary (BEP 9).
  case metadata = 2

  /// The name in the extension handshake.
  package var name: String {
    switch self {
    case .peerExchange: "ut_pex"
    case .metadata: "ut_metadata"
    }
  }
}
