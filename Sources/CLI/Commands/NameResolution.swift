import Download
import Primitives

extension Invocation {
  /// The same with addresses in place of the names that `--peer` and `--bind` were given.
  ///
  /// - Throws: Which name stands for nothing.
  func resolvingNames() async throws(CommandFailure) -> Invocation {
    var resolved = self
    resolved.names = PlaceNames()
    if let name = names.interface {
      switch AddressLookup.addresses(ofInterface: name) {
      case .success(let addresses): resolved.download.bindAddresses = addresses
      case .failure(let failure):
        throw CommandFailure(.networkFailure, "--bind \(name): \(failure)")
      }
    }
    for place in names.peers {
      resolved.download.peers += try await Self.endpoints(of: place, for: "--peer")
    }
    return resolved
  }

  /// The addresses of a place; several when a name has several.
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
