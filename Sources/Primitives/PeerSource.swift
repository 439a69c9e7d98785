/// Where a peer came from, or what else brings data.
public enum PeerSource: String, CaseIterable, Sendable {
  /// A tracker named it.
  case tracker
  /// The user named it.
  case given
  /// The distributed hash table named it (BEP 5).
  case dht
  /// Another peer named it (BEP 11).
  case pex
  /// It has announced itself in the local network (BEP 14).
  case lsd
  /// It has connected to us.
  case incoming
  /// It is no peer, but a server that has the files (BEP 19).
  case webSeed = "web-seed"
}
