package import Primitives

/// Timers ordered by deadline and, where deadlines are equal, by when they were scheduled.
///
/// The queue is a binary heap. Heap entries and slots refer to each other, so scheduling,
/// cancelling and popping take O(log n). Payloads stay in their slots, so moving heap entries
/// involves no reference counting. A timer's identifier includes its slot's generation, so the
/// identifier of an expired timer never matches a later one.
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
    /// The entry's position in the heap; nil for a free slot.
    var position: Int?
    var payload: Payload?
  }

  private var heap: [Entry] = []
  private var slots: [Slot] = []
  private var freeSlots: [Int] = []

  /// The sequence number of the most recently scheduled timer.
  package private(set) var lastSequence: UInt64 = 0

  /// Creates an empty queue.
  package init() {}

  /// The number of pending timers.
  package var count: Int { heap.count }

  /// The earliest deadline, or nil if no timer is pending.
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

  /// Cancels a timer and returns its payload, or nil if the timer is gone.
  @discardableResult
  package mutating func cancel(_ timer: TimerID) -> Payload? {
    let slot = Int(timer.value & 0xFFFF_FFFF)
    guard slot < slots.count, slots[slot].generation == UInt32(timer.value >> 32),
      let position = slots[slot].position
    else { return nil }
    return remove(at: position)
  }

  /// Removes the first timer if its deadline is no later than `now`.
  ///
  /// - Parameters:
  ///   - now: The current time.
  ///   - last: The highest sequence number to consider. A timer that reschedules itself for now has
  ///     a higher one, so it cannot trap a loop that fires all due timers.
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
