/// The name of one file or folder: bytes, as file systems and torrents have it, which need not be
/// text.
public struct FileName: Hashable, Sendable {
  /// The bytes; they may be a slice of something larger that they keep in memory.
  public let bytes: ArraySlice<UInt8>

  /// Creates a name from any bytes.
  @inlinable
  public init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
  }

  /// Creates a name from the UTF-8 encoding of a string.
  public init(_ text: String) {
    bytes = ArraySlice(text.utf8)
  }

  /// The number of bytes.
  public var count: Int { bytes.count }

  /// The name as text, with U+FFFD in place of invalid UTF-8.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Returns whether both names have the same bytes.
  public static func == (left: FileName, right: FileName) -> Bool {
    unsafe left.bytes.withUnsafeBytes { left in
      unsafe right.bytes.withUnsafeBytes { right in
        unsafe left.count == right.count
          && (left.baseAddress == right.baseAddress || left.elementsEqual(right))
      }
    }
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    // Ends the name, so that names in a row cannot run into each other.
    hasher.combine(UInt8.max)
  }

  /// Returns the name with text appended.
  public static func + (name: FileName, text: String) -> FileName {
    FileName(name.bytes + text.utf8)
  }

  /// Calls `body` with the bytes as a C string, which ends at the first NUL.
  public func withCString<Result, Failure: Error>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) {
      buffer throws(Failure) in
      unsafe bytes.withUnsafeBytes {
        unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0)
      }
      unsafe buffer[bytes.count] = 0
      guard let start = unsafe UnsafePointer(buffer.baseAddress) else {
        preconditionFailure("a buffer of one byte and more has an address")
      }
      return try unsafe body(start)
    }
  }
}

extension FileName: Comparable {
  /// Returns whether `left` precedes `right` in byte order.
  public static func < (left: FileName, right: FileName) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

extension FileName: ExpressibleByStringLiteral {
  /// Creates a name from the UTF-8 encoding of a literal.
  public init(stringLiteral text: String) {
    self.init(text)
  }
}

extension FileName: CustomStringConvertible {
  /// The name as text, for messages.
  public var description: String { text }
}

extension Sequence<FileName> {
  /// The names as one path for messages, with U+FFFD in place of invalid UTF-8.
  public var pathText: String {
    var bytes: [UInt8] = []
    for name in self {
      if !bytes.isEmpty { bytes.append(UInt8(ascii: "/")) }
      bytes += name.bytes
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
