import Download
import Platform
import Primitives

extension Invocation {
  /// Returns the invocation with addresses in place of the names given with `--peer` and `--bind`.
  ///
  /// - Throws: The failure of the first name that has no address.
  func resolvingNames() async throws(CommandFailure) -> Invocation {
    var resolved = self
    resolved.names = PlaceNames()
    if let name = names.interface {
      switch AddressLookup.addresses(ofInterface: name) {
      case .success(let addresses): resolved.session.bindAddresses = addresses
      case .failure(let failure):
        throw CommandFailure(.networkFailure, "--bind \(name): \(failure)")
      }
    }
    for place in names.peers {
      resolved.torrent.sources.peers += try await Self.endpoints(of: place, for: "--peer")
    }
    return resolved
  }

  /// Returns the addresses of a place; a name can have several.
  static func endpoints(
    of place: HostAndPort, for option: String
  ) async throws(CommandFailure) -> [Endpoint] {
    if let endpoint = place.endpoint { return [endpoint] }
    switch await AddressLookup.endpoints(host: place.host, port: place.port) {
    case .success(let endpoints): return endpoints
    case .failure(let failure):
      throw CommandFailure(.networkFailure, "\(option) \(place): \(failure)")
    }
  }
}
