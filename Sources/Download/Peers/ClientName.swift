import Primitives

/// The name of a peer's program, as its peer id has it.
enum ClientName {
  /// Returns the letters and the version of an id in the style of BEP 20 (`-XX1234-`), or else the
  /// whole id.
  static func of(_ peerID: PeerID) -> String {
    let bytes = peerID.bytes
    guard bytes.first == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else {
      return peerID.description
    }
    return PercentEncoding.encode(bytes[1..<7], allowing: .printable)
  }
}
