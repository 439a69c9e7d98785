/// The source of a peer, or another source of data.
public enum PeerSource: String, CaseIterable, Sendable {
  /// A tracker returned it.
  case tracker
  /// The user named it.
  case given
  /// The DHT returned it (BEP 5).
  case dht
  /// Another peer named it by peer exchange (BEP 11).
  case pex
  /// It announced itself on the local network (BEP 14).
  case lsd
  /// It connected to us.
  case incoming
  /// It is not a peer but a web seed (BEP 19).
  case webSeed = "web-seed"
}
