package import Primitives

/// The 68 bytes that open a connection in both directions (BEP 3 §peer protocol).
///
/// One byte 19, the protocol string, eight reserved bytes that announce extensions, the info-hash
/// and the sender's peer id.
package struct Handshake: Equatable, Sendable {
  /// The length in bytes.
  package static let length = 68
  /// How many bytes come before the peer id: enough to know whether to answer.
  package static let lengthWithoutPeerID = 48

  /// The eight bytes in which peers announce extensions; zero until one of ours works.
  package var reserved: [UInt8]
  /// The torrent, in the 20 bytes of `InfoHash.wireBytes`.
  package var infoHash: [UInt8]
  /// Who sends it.
  package var peerID: PeerID

  /// Our own handshake.
  package init(infoHash: InfoHash, peerID: PeerID) {
    reserved = Array(repeating: 0, count: 8)
    self.infoHash = infoHash.wireBytes
    self.peerID = peerID
  }

  /// Reads a whole handshake.
  ///
  /// Throws when it is not 68 bytes long or speaks of another protocol.
  package init(_ bytes: [UInt8]) throws(WireError) {
    guard let peerID = PeerID(bytes.dropFirst(Self.lengthWithoutPeerID)),
      bytes.starts(with: Self.protocolHeader)
    else { throw .notBitTorrent }
    reserved = Array(bytes[20..<28])
    infoHash = Array(bytes[28..<48])
    self.peerID = peerID
  }

  /// The 68 bytes.
  package var bytes: [UInt8] { Self.protocolHeader + reserved + infoHash + peerID.bytes }

  /// Whether what came so far can still become a handshake of BitTorrent.
  package static func canBegin(with bytes: [UInt8]) -> Bool {
    zip(bytes, protocolHeader).allSatisfy(==)
  }

  private static let protocolHeader: [UInt8] = [19] + Array("BitTorrent protocol".utf8)
}
