/// A first-in, first-out queue that also allows inspecting and removing elements in the middle.
///
/// Removing the first element is O(1) amortized, because the front of the array is released in
/// large steps. The queue does not bound its length; its owner does.
public struct Fifo<Element> {
  @usableFromInline
  var storage: [Element] = []
  @usableFromInline
  var head = 0

  /// Creates an empty queue.
  @inlinable
  public init() {}

  /// The number of elements.
  @inlinable
  public var count: Int { storage.count - head }

  /// A Boolean value indicating whether the queue is empty.
  @inlinable
  public var isEmpty: Bool { head == storage.count }

  /// The oldest element.
  @inlinable
  public var first: Element? { isEmpty ? nil : storage[head] }

  /// All elements, oldest first.
  @inlinable
  public var elements: ArraySlice<Element> { storage[head...] }

  /// Accesses an element by its position, counted from the oldest.
  @inlinable
  public subscript(index: Int) -> Element { storage[head + index] }

  /// Adds an element at the end.
  @inlinable
  public mutating func append(_ element: Element) {
    storage.append(element)
  }

  /// Removes and returns the oldest element.
  @inlinable
  public mutating func popFirst() -> Element? {
    guard let element = first else { return nil }
    head += 1
    if head == storage.count {
      removeAll()
    } else if head >= 512, head >= storage.count / 2 {
      storage.removeFirst(head)
      head = 0
    }
    return element
  }

  /// Removes an element by its position, counted from the oldest.
  @inlinable
  public mutating func remove(at index: Int) {
    if index == 0 {
      _ = popFirst()
    } else {
      storage.remove(at: head + index)
    }
  }

  /// Removes all elements and keeps the memory.
  @inlinable
  public mutating func removeAll() {
    storage.removeAll(keepingCapacity: true)
    head = 0
  }
}

extension Fifo: Sendable where Element: Sendable {}
