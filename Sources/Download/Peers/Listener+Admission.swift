import Networking

extension Listener {
  /// Passes each incoming connection to `admit` and closes those that it refuses, until the
  /// listener is closed, the task is cancelled, or `isOpen` returns false.
  func acceptEach(
    while isOpen: @Reactor () -> Bool, admit: @Reactor (any Transport) -> Bool
  ) async {
    var count = 0
    while isOpen(), let transport = await accept() {
      if !admit(transport) { transport.close() }
      // A stranger that connects without end must not keep the loop from its other work.
      count += 1
      if count.isMultiple(of: 32) { await Task.yield() }
    }
  }
}
