import Networking

extension Listener {
  /// Hands each connection that comes to `admit` and closes those that it does not take, until the
  /// listener is closed, the task cancelled, or `isOpen` no longer true.
  func acceptEach(
    while isOpen: @Reactor () -> Bool, admit: @Reactor (any Transport) -> Bool
  ) async {
    var count = 0
    while isOpen(), let transport = await accept() {
      if !admit(transport) { transport.close() }
      // Whoever connects without end must not keep the loop from everything else.
      count += 1
      if count.isMultiple(of: 32) { await Task.yield() }
    }
  }
}
