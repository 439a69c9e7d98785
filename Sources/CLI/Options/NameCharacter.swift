/// A character of a name that is bytes: a Unicode scalar, or a single byte where the name is not
/// valid UTF-8.
struct NameCharacter: Hashable, Comparable, ExpressibleByUnicodeScalarLiteral {
  /// The separator after a folder's name, which never occurs inside a name.
  static let separator = NameCharacter(number: .max)
  /// The number of byte 0 as a byte outside any scalar; scalars have lower numbers.
  private static let firstByte: UInt32 = 0x11_0000

  private let number: UInt32

  private init(number: UInt32) {
    self.number = number
  }

  init(unicodeScalarLiteral scalar: Unicode.Scalar) {
    number = scalar.value
  }

  static func < (left: NameCharacter, right: NameCharacter) -> Bool { left.number < right.number }

  /// Returns all characters of a name.
  static func all(of name: some Collection<UInt8>) -> [NameCharacter] {
    var characters: [NameCharacter] = []
    var index = name.startIndex
    while index != name.endIndex { characters.append(next(in: name, &index)) }
    return characters
  }

  /// Returns the character at an index, and advances the index past it.
  static func next<Name: Collection<UInt8>>(
    in name: Name, _ index: inout Name.Index
  ) -> NameCharacter {
    let first = name[index]
    name.formIndex(after: &index)
    if first < 0x80 { return NameCharacter(number: UInt32(first)) }
    let byte = NameCharacter(number: firstByte + UInt32(first))
    let (length, least): (UInt32, UInt32)
    switch first {
    case 0xC2...0xDF: (length, least) = (2, 0x80)
    case 0xE0...0xEF: (length, least) = (3, 0x800)
    case 0xF0...0xF4: (length, least) = (4, 0x1_0000)
    default: return byte
    }
    var value = UInt32(first) & (0x7F >> length)
    var end = index
    for _ in 1..<length {
      guard end != name.endIndex, name[end] & 0xC0 == 0x80 else { return byte }
      value = value << 6 | UInt32(name[end] & 0x3F)
      name.formIndex(after: &end)
    }
    guard value >= least, Unicode.Scalar(value) != nil else { return byte }
    index = end
    return NameCharacter(number: value)
  }
}
