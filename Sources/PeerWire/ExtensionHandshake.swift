import Bencode
package import Primitives

/// A peer's description of itself: the first message of the extension protocol (BEP 10).
///
/// Every field may be missing. A later handshake changes only the fields that it has.
package struct ExtensionHandshake: Equatable, Sendable {
  /// The number of requests that we queue for a peer, and the most that we have outstanding at one.
  package static let requestQueueLimit = 2000
  /// The longest name of a client that is kept, in characters.
  static let clientLengthLimit = 64

  /// The numbers under which the peer takes the messages of the extensions that we know.
  ///
  /// Zero means that the peer no longer takes them.
  package var extensions: [WireExtension: UInt8] = [:]
  /// The peer's program and its version, fit to be shown; never empty.
  package var client: String?
  /// The TCP port where the peer listens; never 0.
  package var listeningPort: UInt16?
  /// The number of requests that the peer queues, in `1...requestQueueLimit`.
  package var requestQueue: Int?
  /// The address under which the peer sees us.
  package var yourAddress: IPAddress?
  /// The length of the `info` dictionary in bytes, in `1...MetadataAssembler.sizeLimit` (BEP 9).
  package var metadataSize: Int?
  /// A Boolean value indicating whether the peer wants nothing more, even as a partial seed (BEP
  /// 21).
  package var isUploadOnly = false

  /// Creates a handshake of our own, which takes messages of these extensions.
  package init(extensions: [WireExtension] = []) {
    for each in extensions { self.extensions[each] = each.rawValue }
  }

  // MARK: - Reading

  /// Reads a peer's handshake; a field whose value makes no sense counts as missing.
  ///
  /// Returns nil when the payload is no bencoded dictionary. A value that is too large counts as
  /// the largest one that is allowed, but a length of the metadata that is out of range is not
  /// believed at all.
  package init?(payload: [UInt8]) {
    guard payload.count <= PeerMessage.Limit.extended,
      let fields = ExtensionDictionary(payload)?.fields
    else { return nil }
    let numbers = fields["m"]?.dictionary
    for each in WireExtension.allCases {
      extensions[each] = numbers?[each.name]?.integer.flatMap(UInt8.init(exactly:))
    }
    client = fields["v"]?.bytes.flatMap(Self.cleanName)
    listeningPort = fields["p"]?.integer.flatMap(UInt16.init(exactly:)).flatMap {
      $0 == 0 ? nil : $0
    }
    requestQueue = fields["reqq"]?.integer.flatMap(Self.clampedQueue)
    yourAddress = fields["yourip"]?.bytes.flatMap { IPAddress(networkBytes: $0) }
    metadataSize = fields["metadata_size"]?.integer.flatMap(MetadataAssembler.acceptedSize)
    isUploadOnly = (fields["upload_only"]?.integer ?? 0) != 0
  }

  private static func clampedQueue(_ said: Int64) -> Int? {
    said < 0 ? nil : Int(min(max(said, 1), Int64(requestQueueLimit)))
  }

  /// Returns the name without characters that steer a terminal or a reader's eye.
  private static func cleanName(_ bytes: ArraySlice<UInt8>) -> String? {
    var name = String.UnicodeScalarView()
    for scalar in String(decoding: bytes.prefix(512), as: UTF8.self).unicodeScalars
    where name.count < clientLengthLimit {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
        .unassigned:
        continue
      default: name.append(scalar)
      }
    }
    return name.isEmpty ? nil : String(name)
  }

  // MARK: - Writing

  /// The bencoded dictionary of the handshake.
  package var payload: [UInt8] {
    var numbers: [BencodeBytes: BencodeTree] = [:]
    for (each, number) in extensions {
      numbers[BencodeBytes(each.name)] = .integer(Int64(number))
    }
    var fields: [BencodeBytes: BencodeTree] = ["m": .dictionary(numbers)]
    if let client { fields["v"] = .string(BencodeBytes(client)) }
    if let listeningPort { fields["p"] = .integer(Int64(listeningPort)) }
    if let requestQueue { fields["reqq"] = .integer(Int64(requestQueue)) }
    if let yourAddress { fields["yourip"] = .bytes(yourAddress.unmapped.networkBytes) }
    if let metadataSize { fields["metadata_size"] = .integer(Int64(metadataSize)) }
    if isUploadOnly { fields["upload_only"] = 1 }
    return BencodeTree.dictionary(fields).encodedBytes
  }
}
