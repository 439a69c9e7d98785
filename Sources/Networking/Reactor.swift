/// The isolation domain of everything that touches the network.
///
/// Placeholder executor: the default one.
@globalActor
package actor Reactor {
  /// The one instance.
  package static let shared = Reactor()
}
