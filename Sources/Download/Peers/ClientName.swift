import Primitives

/// What a peer id says about the peer's program.
enum ClientName {
  /// The client's letters and version for ids in the style of BEP 20 (`-XX1234-`), else all of it.
  static func of(_ peerID: PeerID) -> String {
    let bytes = peerID.bytes
    guard bytes.first == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else {
      return peerID.description
    }
    return PercentEncoding.encode(bytes[1..<7], allowing: .printable)
  }
}
