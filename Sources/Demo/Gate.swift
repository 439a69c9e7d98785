package import Networking

/// A gate that opens once, for tasks that wait at it and those that come later.
@Reactor
package final class Gate {
  /// A Boolean value indicating whether the gate is open.
  package private(set) var isOpen: Bool
  private var waiting: [Wakeup] = []

  /// Creates a gate, open or closed.
  package init(isOpen: Bool) {
    self.isOpen = isOpen
  }

  /// Opens the gate for good.
  package func open() {
    isOpen = true
    for wakeup in waiting { wakeup.fire() }
    waiting = []
  }

  /// Waits until the gate is open or the task is cancelled.
  package func pass() async {
    guard !isOpen else { return }
    let wakeup = Wakeup()
    waiting.append(wakeup)
    await wakeup.wait()
  }
}
