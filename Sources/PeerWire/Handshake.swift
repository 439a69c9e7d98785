package import Primitives

/// The 68 bytes that open a connection in both directions (BEP 3 §peer protocol).
///
/// One byte 19, the protocol string, eight reserved bytes that announce extensions, the info-hash
/// and the sender's peer id.
package struct Handshake: Equatable, Sendable {
  /// The length in bytes.
  package static let length = 68
  /// The number of bytes before the peer id: enough to decide about an answer.
  package static let lengthWithoutPeerID = 48

  /// The features that the sender announces in the eight reserved bytes.
  package var features: Features
  /// The torrent, in the 20 bytes of `InfoHash.wireBytes`.
  package var infoHash: [UInt8]
  /// The sender's peer id.
  package var peerID: PeerID

  /// Creates a handshake of our own.
  package init(infoHash: InfoHash, peerID: PeerID, features: Features = .extensions) {
    self.features = features
    self.infoHash = infoHash.wireBytes
    self.peerID = peerID
  }

  /// Reads a whole handshake.
  ///
  /// Throws when the handshake is not 68 bytes long or names another protocol.
  package init(_ bytes: [UInt8]) throws(WireError) {
    guard let peerID = PeerID(bytes.dropFirst(Self.lengthWithoutPeerID)),
      bytes.starts(with: Self.protocolHeader)
    else { throw .notBitTorrent }
    features = Features(rawValue: bytes[20..<28].reduce(0) { $0 << 8 | UInt64($1) })
    infoHash = Array(bytes[28..<48])
    self.peerID = peerID
  }

  /// The 68 bytes.
  package var bytes: [UInt8] {
    var bytes = Self.protocolHeader
    bytes.appendBigEndian(features.rawValue)
    return bytes + infoHash + peerID.bytes
  }

  /// Returns whether the bytes so far can still become a handshake of BitTorrent.
  package static func canBegin(with bytes: [UInt8]) -> Bool {
    zip(bytes, protocolHeader).allSatisfy(==)
  }

  /// A peer's features beyond BEP 3: the reserved bytes as one number, the first byte highest.
  package struct Features: OptionSet, Sendable {
    /// The reserved bytes.
    package let rawValue: UInt64

    /// Takes the reserved bytes as they are, unknown bits included.
    package init(rawValue: UInt64) {
      self.rawValue = rawValue
    }

    /// The DHT, whose port the peer tells with `PeerMessage.port` (BEP 5).
    package static let dht = Features(rawValue: 1)
    /// The extension protocol (BEP 10).
    package static let extensions = Features(rawValue: 1 << 20)
  }

  private static let protocolHeader: [UInt8] = [19] + Array("BitTorrent protocol".utf8)
}
