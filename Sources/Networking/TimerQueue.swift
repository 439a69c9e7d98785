package import Primitives

/// Timers in the order of their deadlines and, for equal ones, of their scheduling.
///
/// A binary heap whose entries know their slot and whose slots know their entry, so scheduling,
/// cancelling and taking the first are O(log n). Payloads stay in their slots: moving entries about
/// counts no references. A slot's generation is part of the timer's name: the name of a timer that
/// is gone never means a later one.
package struct TimerQueue<Payload> {
  private struct Entry {
    var deadline: Instant
    var sequence: UInt64
    var slot: Int

    func precedes(_ other: Entry) -> Bool {
      (deadline, sequence) < (other.deadline, other.sequence)
    }
  }

  private struct Slot {
    var generation: UInt32 = 0
    /// Where the entry is in the heap; nil for a free slot.
    var position: Int?
    var payload: Payload?
  }

  private var heap: [Entry] = []
  private var slots: [Slot] = []
  private var freeSlots: [Int] = []

  /// The sequence number of the timer scheduled last.
  package private(set) var lastSequence: UInt64 = 0

  /// Creates an empty queue.
  package init() {}

  /// How many timers wait.
  package var count: Int { heap.count }

  /// The earliest deadline; nil when no timer waits.
  package var nextDeadline: Instant? { heap.first?.deadline }

  /// Adds a timer.
  package mutating func schedule(at deadline: Instant, _ payload: Payload) -> TimerID {
    lastSequence += 1
    let slot = freeSlots.popLast() ?? slots.count
    if slot == slots.count { slots.append(Slot()) }
    slots[slot].position = heap.count
    slots[slot].payload = payload
    heap.append(Entry(deadline: deadline, sequence: lastSequence, slot: slot))
    siftUp(heap.count - 1)
    return TimerID(value: UInt64(slots[slot].generation) << 32 | UInt64(slot))
  }

  /// Forgets a timer and returns its payload; nil when it is gone already.
  @discardableResult
  package mutating func cancel(_ timer: TimerID) -> Payload? {
    let slot = Int(timer.value & 0xFFFF_FFFF)
    guard slot < slots.count, slots[slot].generation == UInt32(timer.value >> 32),
      let position = slots[slot].position
    else { return nil }
    return remove(at: position)
  }

  /// Takes the first timer if its deadline is no later than `now`.
  ///
  /// - Parameters:
  ///   - now: The time.
  ///   - last: Timers scheduled after the one with this sequence number stay, so that a timer which
  ///     schedules itself for now cannot hold up a loop that fires all that are due.
  /// - Returns: The timer's payload.
  package mutating func popFirst(
    dueAt now: Instant, scheduledUpTo last: UInt64 = .max
  ) -> Payload? {
    guard let first = heap.first, first.deadline <= now, first.sequence <= last else { return nil }
    return remove(at: 0)
  }

  // MARK: - Heap

  private mutating func remove(at position: Int) -> Payload? {
    swap(position, heap.count - 1)
    let slot = heap.removeLast().slot
    slots[slot].position = nil
    slots[slot].generation &+= 1
    freeSlots.append(slot)
    if position < heap.count {
      siftUp(position)
      siftDown(position)
    }
    return slots[slot].payload.take()
  }

  private mutating func siftUp(_ position: Int) {
    var child = position
    while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
      swap(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func siftDown(_ position: Int) {
    var parent = position
    while true {
      var first = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].precedes(heap[first]) { first = child }
      }
      guard first != parent else { return }
      swap(parent, first)
      parent = first
    }
  }

  private mutating func swap(_ left: Int, _ right: Int) {
    heap.swapAt(left, right)
    slots[heap[left].slot].position = left
    slots[heap[right].slot].position = right
  }
}
