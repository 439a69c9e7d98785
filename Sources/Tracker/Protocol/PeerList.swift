internal import Bencode
internal import Primitives

/// The peers of a reply to an announce, as a compact string (BEP 23, BEP 7) or as a list of
/// dictionaries (BEP 3).
///
/// `peers` and `peers6` are read independently of each other. Of a truncated compact string, the
/// complete entries are used. PHP writes an empty list as an empty dictionary, and a list with gaps
/// as a dictionary with numeric keys; both are read as lists.
struct PeerList {
  /// The peers that are given by address.
  private(set) var endpoints: [Endpoint] = []
  /// The peers that are given by host name.
  private(set) var named: [AnnounceReply.NamedPeer] = []
  /// A description of the unusable part of the lists.
  private(set) var defect: String?
  /// A Boolean value indicating whether the reply has a list of peers at all.
  private(set) var isThere = false
  /// A Boolean value indicating whether at least one list was usable.
  private(set) var isSound = false

  /// Reads `peers` and `peers6`.
  init(_ root: BencodeDictionary) {
    read(root["peers"], "peers", isIPv6: false)
    read(root["peers6"], "peers6", isIPv6: true)
  }

  private mutating func read(_ value: BencodeValue?, _ key: String, isIPv6: Bool) {
    guard let value else { return }
    isThere = true
    let before = endpoints.count + named.count
    var problem: String?
    switch value.content {
    case .string(let bytes):
      let size = isIPv6 ? 18 : 6
      let whole = bytes.prefix(min(bytes.count / size, AnnounceReply.maximumPeers) * size)
      endpoints += Endpoint.readCompactList(whole, isIPv6: isIPv6) ?? []
      if !bytes.count.isMultiple(of: size) { problem = "\(key) of \(bytes.count) bytes" }
    case .list(let list):
      problem = read(list.lazy.prefix(AnnounceReply.maximumPeers), of: list.count, key)
    case .dictionary(let dictionary):
      let values = dictionary.lazy.prefix(AnnounceReply.maximumPeers).map(\.value)
      problem = read(values, of: dictionary.count, key)
    case .integer, .unreadable: problem = "\(key) that are a number"
    }
    if problem == nil || endpoints.count + named.count > before { isSound = true }
    defect = defect ?? problem
  }

  private mutating func read(
    _ values: some Sequence<BencodeValue>, of count: Int, _ key: String
  ) -> String? {
    var unusable = 0
    for value in values where !read(value) { unusable += 1 }
    return unusable == 0 ? nil : "\(unusable) of \(count) entries of \(key) make no sense"
  }

  /// Reads a peer given as a dictionary; returns whether it is valid.
  private mutating func read(_ value: BencodeValue) -> Bool {
    guard let text = value["ip"]?.text, let port = Self.port(value["port"]) else { return false }
    if text.utf8.count <= 45, let address = IPAddress(text) {
      endpoints.append(Endpoint(address: address, port: port))
      return true
    }
    guard HostName.isPlausible(text) else { return false }
    let peer = AnnounceReply.NamedPeer(host: text.lowercased(), port: port)
    if port != 0, named.count < AnnounceReply.maximumNamedPeers, !named.contains(peer) {
      named.append(peer)
    }
    return true
  }

  /// Returns a port number, which some trackers write as text.
  private static func port(_ value: BencodeValue?) -> UInt16? {
    if let number = value?.integer { return UInt16(exactly: number) }
    guard let digits = value?.text, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return UInt16(digits)
  }
}
