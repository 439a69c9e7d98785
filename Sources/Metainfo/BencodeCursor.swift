/// A cursor over bencoded bytes that a parser has already accepted; it stores nothing.
///
/// It relies on their validity: every string ends within the bytes.
@safe
struct BencodeCursor {
  private let bytes: UnsafeBufferPointer<UInt8>
  /// The index of the next byte.
  var position: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) {
    unsafe self.bytes = bytes
    self.position = position
  }

  /// The first byte of the next value, which reveals its type; `e` at the end of a container.
  var mark: UInt8 { unsafe bytes[position] }

  var isAtEnd: Bool { mark == UInt8(ascii: "e") }

  var isAtString: Bool { (0x30...0x39).contains(mark) }

  /// Skips the first or the last byte of a container.
  mutating func step() { position += 1 }

  /// Skips a string and returns the range of its bytes.
  mutating func string() -> Range<Int> {
    var length = 0
    while case let digit = unsafe bytes[position] &- 0x30, digit < 10 {
      length = length &* 10 &+ Int(digit)
      position += 1
    }
    position += 1
    let range = position..<position + length
    position = range.upperBound
    return range
  }

  /// Reads an integer.
  mutating func integer() -> Int64 {
    step()
    let isNegative = mark == UInt8(ascii: "-")
    if isNegative { step() }
    var magnitude: UInt64 = 0
    while case let digit = unsafe bytes[position] &- 0x30, digit < 10 {
      magnitude = magnitude &* 10 &+ UInt64(digit)
      position += 1
    }
    step()
    return Int64(truncatingIfNeeded: isNegative ? 0 &- magnitude : magnitude)
  }

  /// Skips a value of any type.
  mutating func skip() {
    var depth = 0
    repeat {
      switch mark {
      case UInt8(ascii: "l"), UInt8(ascii: "d"):
        depth += 1
        step()
      case UInt8(ascii: "e"):
        depth -= 1
        step()
      case UInt8(ascii: "i"): _ = integer()
      default: _ = string()
      }
    } while depth > 0
  }

  /// Returns whether a range contains these bytes.
  func matches(_ range: Range<Int>, _ text: StaticString) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    for index in 0..<range.count
    where unsafe bytes[range.lowerBound + index] != text.utf8Start[index] {
      return false
    }
    return true
  }
}
