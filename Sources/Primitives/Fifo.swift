/// A first-in, first-out queue whose elements can also be seen and removed in the middle.
///
/// Taking the first element is O(1) amortised: the front of the array is given back in large steps.
/// It does not bound itself; its owner does.
public struct Fifo<Element> {
  @usableFromInline
  var storage: [Element] = []
  @usableFromInline
  var head = 0

  /// Creates an empty queue.
  @inlinable
  public init() {}

  /// How many elements wait.
  @inlinable
  public var count: Int { storage.count - head }

  /// Whether none waits.
  @inlinable
  public var isEmpty: Bool { head == storage.count }

  /// The element that has waited longest.
  @inlinable
  public var first: Element? { isEmpty ? nil : storage[head] }

  /// All elements, the one that has waited longest first.
  @inlinable
  public var elements: ArraySlice<Element> { storage[head...] }

  /// An element, counted from the one that has waited longest.
  @inlinable
  public subscript(index: Int) -> Element { storage[head + index] }

  /// Adds an element at the end.
  @inlinable
  public mutating func append(_ element: Element) {
    storage.append(element)
  }

  /// Takes the element that has waited longest.
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

  /// Takes an element out, counted from the one that has waited longest.
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
