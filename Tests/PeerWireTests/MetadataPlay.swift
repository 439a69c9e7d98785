import Hashing
import PeerWire
import Primitives
import Testing

/// A group of peers of different manners that an assembler fetches from, in simulated time.
struct MetadataPlay {
  /// A peer's way to answer requests.
  enum Manner {
    case honest
    /// With wrong bytes in these pieces; nil for all.
    case lying(Set<Int>?)
    case silent
    case rejecting
    /// With wrong bytes, so much later.
    case trickling(Duration)
    /// With the right bytes, so much later.
    case slow(Duration)
  }

  private struct Reply {
    let due: Instant
    let request: MetadataAssembler.Request
  }

  let info: [UInt8]
  var assembler: MetadataAssembler
  var now = Instant.zero
  var manners: [Int: Manner] = [:]
  var liars: [Int] = []
  var result: [UInt8]?
  /// Every request with its time.
  var requests: [(time: Instant, request: MetadataAssembler.Request)] = []
  private var sizes: [Int: Int] = [:]
  private var replies: [Reply] = []

  init(size: Int, seed: UInt64 = 1) throws {
    var random = SeededRandom(seed: seed)
    info = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
    let hash = try #require(InfoHash(SHA1.digest(of: info).bytes))
    assembler = MetadataAssembler(infoHash: hash, random: random)
  }

  mutating func add(_ peer: Int, _ manner: Manner, size: Int? = nil) {
    manners[peer] = manner
    sizes[peer] = size ?? info.count
    assembler.joined(peer, size: size ?? info.count)
  }

  /// Goes on for so many seconds, or until the metadata is there.
  mutating func run(seconds: Int) throws {
    let end = now + .seconds(seconds)
    while now < end, result == nil {
      try ask()
      now = now + .milliseconds(500)
    }
  }

  private mutating func ask() throws {
    while result == nil {
      for request in assembler.nextRequests(now: now) {
        requests.append((now, request))
        replies.append(Reply(due: now + delay(of: request.peer), request: request))
      }
      guard let index = replies.firstIndex(where: { $0.due <= now }) else { return }
      try answer(replies.remove(at: index).request)
    }
  }

  private func delay(of peer: Int) -> Duration {
    switch manners[peer] {
    case .trickling(let delay), .slow(let delay): delay
    default: .zero
    }
  }

  private mutating func answer(_ request: MetadataAssembler.Request) throws {
    guard let manner = manners[request.peer], let size = sizes[request.peer] else { return }
    let start = request.piece * MetadataMessage.pieceLength
    let length = min(MetadataMessage.pieceLength, size - start)
    var bytes =
      size == info.count
      ? Array(info[start..<start + length]) : [UInt8](repeating: 1, count: length)
    switch manner {
    case .honest, .slow: break
    case .lying(let pieces):
      if pieces?.contains(request.piece) ?? true { bytes[0] ^= UInt8(1 + request.peer % 250) }
    case .trickling: bytes[0] ^= 1
    case .silent: return
    case .rejecting:
      _ = try assembler.received(.reject(piece: request.piece), from: request.peer, now: now)
      return
    }
    let message = MetadataMessage.data(piece: request.piece, totalSize: size, bytes: bytes)
    let outcome = try assembler.received(message, from: request.peer, now: now)
    liars += outcome.liars
    for liar in outcome.liars { leave(liar) }
    if let info = outcome.info { result = info }
  }

  mutating func leave(_ peer: Int) {
    manners[peer] = nil
    assembler.left(peer)
  }
}
