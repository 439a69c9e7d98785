/// The departures from canonical bencoding that a parse accepts, so that one odd byte does not void
/// the sound data around it.
///
/// A tolerant parse takes the first of equal keys, reads numbers with leading zeros, keeps numbers
/// that cannot be read as such, and skips white space before and any bytes after the top-level
/// value. Each of these gives a warning. It never guesses the end of a value, and it can exempt the
/// value that is hashed.
public enum BencodeTolerance: Hashable, Sendable {
  /// The whole input has to be canonical.
  case none
  /// Odd forms are read anywhere.
  case everywhere
  /// Odd forms are read anywhere but in the value of this key of the outermost dictionary, which
  /// the dictionary must have once only.
  case outside(key: String)

  /// Returns whether the value of this key of the top-level dictionary must be canonical.
  func isStrict(in key: ArraySlice<UInt8>) -> Bool {
    switch self {
    case .none: true
    case .everywhere: false
    case .outside(let strict): key.elementsEqual(strict.utf8)
    }
  }
}

// MARK: - Odd forms

extension BencodeScanner {
  /// The longest number that is looked at, in bytes.
  private static let longestNumber = 64

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  /// Passes over white space and a byte order mark before the outermost value.
  mutating func skipToStart() {
    guard isTolerant else { return }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    while position < bytes.count {
      if Self.isSpace(bytes[position]) {
        position += 1
      } else if bytes[position...].starts(with: mark) {
        position += mark.count
      } else {
        break
      }
    }
    if position > 0, position < bytes.count { warn(.leadingBytes(count: position)) }
  }

  /// A number that is not in its canonical form; nil when it cannot be read.
  struct MisspeltNumber {
    let value: Int64?
  }

  /// Passes over a number that is not in its canonical form, such as `i007e`, `i1.5e`, `ie` or one
  /// of 20 digits; nil when it is nothing of that kind, or has no end.
  mutating func misspeltNumber(at start: Int, _ defect: BencodeDefect) -> MisspeltNumber? {
    let text = bytes[(start + 1)...].prefix(Self.longestNumber)
    guard let end = text.firstIndex(of: UInt8(ascii: "e")),
      text[..<end].allSatisfy({ "0123456789+-. E".utf8.contains($0) })
    else { return nil }
    position = end + 1
    let isReadable = defect == .leadingZero || defect == .minusZero
    let value = isReadable ? Int64(String(decoding: text[..<end], as: UTF8.self)) : nil
    if hasRoomForWarning {
      warn(.misspeltNumber(defect, offset: start, path: path, isRead: value != nil))
    }
    return MisspeltNumber(value: value)
  }
}
