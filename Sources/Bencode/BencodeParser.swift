/// A parser for bencoded data (BEP 3) that is strict except for two habits of real software, unless
/// its caller can afford more tolerance.
///
/// It tolerates unsorted keys, at any depth, and white space after the top-level value, each with a
/// warning. Anything else that is not canonical is rejected with its location, unless
/// `BencodeTolerance` allows it. Time and memory are bounded by the length of the input and by
/// `BencodeLimits`. Nesting uses no recursion.
public enum BencodeParser {
  /// Parses input that holds exactly one value.
  ///
  /// A tolerant parse skips white space and a byte order mark before the value, and anything after
  /// it.
  public static func parse(
    _ bytes: [UInt8], limits: BencodeLimits = .default, tolerance: BencodeTolerance = .none
  ) throws(BencodeError) -> BencodeDocument {
    var scanner = BencodeScanner(bytes: bytes, limits: limits, tolerance: tolerance)
    scanner.skipToStart()
    try scanner.scan()
    try scanner.finish()
    return scanner.document
  }

  /// Parses the value at the start of the input, which may be followed by other bytes.
  ///
  /// The range of the root value tells where it ends, as the metadata messages of BEP 9 require.
  public static func parsePrefix(
    _ bytes: [UInt8], limits: BencodeLimits = .default, tolerance: BencodeTolerance = .none
  ) throws(BencodeError) -> BencodeDocument {
    var scanner = BencodeScanner(bytes: bytes, limits: limits, tolerance: tolerance)
    try scanner.scan()
    return scanner.document
  }
}

/// A defect and its place, before it is known whether it must be refused.
struct BencodeFault: Error {
  let defect: BencodeDefect
  let offset: Int

  init(_ defect: BencodeDefect, at offset: Int) {
    self.defect = defect
    self.offset = offset
  }
}

/// The state of one parse.
struct BencodeScanner {
  /// A list or dictionary that has not ended yet.
  private struct Frame {
    let token: Int
    let isDictionary: Bool
    /// The index of this dictionary's first key in `openKeys`.
    let firstKey: Int
    var count = 0
    var expectsKey: Bool
    var isSorted = true
    /// A Boolean value indicating whether elements are only checked (`BencodeLimits.untaped`).
    var isUntaped = false
    /// The place in `sortedKeys` where the keys of the values inside begin.
    var firstSortedKey = 0
  }

  let bytes: [UInt8]
  private let limits: BencodeLimits
  private let tolerance: BencodeTolerance
  /// A Boolean value indicating whether the current value may depart from the canonical form.
  private(set) var isTolerant: Bool
  var position = 0
  private var tokens: [BencodeToken] = []
  /// The number of tokens that were made and not kept.
  private var droppedTokens = 0
  private var sortedKeys: [UInt32] = []
  private var frames: [Frame] = []
  /// The key tokens of all open dictionaries, innermost last.
  private var openKeys: [UInt32] = []
  private var warnings: [BencodeWarning] = []

  init(bytes: [UInt8], limits: BencodeLimits, tolerance: BencodeTolerance = .none) {
    self.bytes = bytes
    self.limits = limits
    self.tolerance = tolerance
    isTolerant = tolerance != .none
  }

  /// The parsed document; valid once the first value is complete.
  var document: BencodeDocument {
    let tape = BencodeTape(bytes: bytes, tokens: tokens, sortedKeys: sortedKeys)
    return BencodeDocument(root: BencodeValue(tape: tape, index: 0), warnings: warnings)
  }

  /// Scans one value.
  mutating func scan() throws(BencodeError) {
    guard bytes.count <= Int(Int32.max) else { throw failure(.tooLong, at: 0) }
    repeat { try step() } while !frames.isEmpty
  }

  /// Accepts trailing white space; a tolerant parse accepts any trailing bytes.
  mutating func finish() throws(BencodeError) {
    guard position < bytes.count else { return }
    if bytes[position...].allSatisfy(Self.isSpace) {
      warn(.trailingWhiteSpace(offset: position))
    } else if isTolerant {
      warn(.trailingBytes(offset: position, count: bytes.count - position))
    } else {
      throw failure(.trailingBytes, at: position)
    }
  }

  // MARK: - One token

  private mutating func step() throws(BencodeError) {
    guard position < bytes.count else { throw failure(.truncated, at: position) }
    let byte = bytes[position]
    if let frame = frames.last {
      if byte == UInt8(ascii: "e") { return try close(frame) }
      if frame.expectsKey { return try scanKey(in: frame) }
    }
    switch byte {
    case UInt8(ascii: "i"): try scanInteger()
    case UInt8(ascii: "l"): try open(.list)
    case UInt8(ascii: "d"): try open(.dictionary)
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      try scanString()
      valueEnded()
    default: throw failure(.unexpectedByte(byte), at: position)
    }
  }

  private mutating func append(_ token: BencodeToken) throws(BencodeError) {
    guard tokens.count + droppedTokens < limits.tokens else {
      throw failure(.tooManyTokens(limit: limits.tokens), at: Int(token.start))
    }
    tokens.append(token)
  }

  /// Records in the innermost container that an element or the value of a key is complete.
  private mutating func valueEnded() {
    guard !frames.isEmpty else { return }
    let last = frames.count - 1
    frames[last].count += 1
    frames[last].expectsKey = frames[last].isDictionary
    if last == 0 { isTolerant = tolerance != .none }
    if frames[last].isUntaped { dropElement(of: frames[last]) }
  }

  private mutating func scanInteger() throws(BencodeError) {
    let start = position
    let number: Int64?
    do throws(BencodeFault) {
      number = try scanNumber()
    } catch {
      guard isTolerant, let misspelt = misspeltNumber(at: start, error.defect) else {
        throw failure(error.defect, at: error.offset)
      }
      number = misspelt.value
    }
    try append(
      BencodeToken(
        start: UInt32(start), end: UInt32(position), next: UInt32(tokens.count + 1),
        kind: number == nil ? .unreadable : .integer, payload: number ?? 0))
    valueEnded()
  }

  /// Scans a number in its canonical form.
  private mutating func scanNumber() throws(BencodeFault) -> Int64 {
    let start = position
    position += 1
    let isNegative = position < bytes.count && bytes[position] == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let magnitude = try scanDigits()
    guard position < bytes.count else { throw BencodeFault(.truncated, at: position) }
    guard bytes[position] == UInt8(ascii: "e") else {
      throw BencodeFault(.unexpectedByte(bytes[position]), at: position)
    }
    position += 1
    if isNegative, magnitude == 0 { throw BencodeFault(.minusZero, at: start) }
    guard magnitude <= Int64.max.magnitude + (isNegative ? 1 : 0) else {
      throw BencodeFault(.overflow, at: start)
    }
    return Int64(truncatingIfNeeded: isNegative ? 0 &- magnitude : magnitude)
  }

  private mutating func scanDigits() throws(BencodeFault) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    while position < bytes.count, case let digit = bytes[position] &- 0x30, digit < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carry else { throw BencodeFault(.overflow, at: start) }
      value = sum
      position += 1
    }
    guard position > start else {
      throw BencodeFault(position < bytes.count ? .missingDigits : .truncated, at: position)
    }
    if bytes[start] == 0x30, position > start + 1 { throw BencodeFault(.leadingZero, at: start) }
    return value
  }

  private mutating func scanString() throws(BencodeError) {
    let start = position
    let headerLength: UInt8
    do throws(BencodeFault) {
      headerLength = try passString()
    } catch {
      throw failure(error.defect, at: error.offset)
    }
    try append(
      BencodeToken(
        start: UInt32(start), end: UInt32(position), next: UInt32(tokens.count + 1), kind: .string,
        headerLength: headerLength))
  }

  /// Passes over a string, and returns the number of bytes before its first one.
  private mutating func passString() throws(BencodeFault) -> UInt8 {
    let start = position
    let length = try scanDigits()
    guard position < bytes.count else { throw BencodeFault(.truncated, at: position) }
    guard bytes[position] == UInt8(ascii: ":") else {
      throw BencodeFault(.unexpectedByte(bytes[position]), at: position)
    }
    position += 1
    guard length <= UInt64(bytes.count - position) else {
      throw BencodeFault(.stringPastEnd(length: Int(clamping: length)), at: start)
    }
    let header = position - start
    position += Int(length)
    return UInt8(header)
  }

  // MARK: - Containers

  private mutating func open(_ kind: BencodeToken.Kind) throws(BencodeError) {
    guard frames.count < limits.depth else {
      throw failure(.tooDeep(limit: limits.depth), at: position)
    }
    let isDictionary = kind == .dictionary
    var frame = Frame(
      token: tokens.count, isDictionary: isDictionary, firstKey: openKeys.count,
      expectsKey: isDictionary)
    if !isDictionary, isUntaped {
      frame.isUntaped = true
      frame.firstSortedKey = sortedKeys.count
    }
    frames.append(frame)
    try append(BencodeToken(start: UInt32(position), end: 0, next: 0, kind: kind))
    position += 1
  }

  /// A Boolean value indicating whether the elements of the list that begins are not kept.
  private var isUntaped: Bool {
    guard frames.count == limits.untaped.count, !frames.isEmpty else { return false }
    for (number, frame) in frames.enumerated() {
      let end = number + 1 < frames.count ? frames[number + 1].firstKey : openKeys.count
      guard frame.isDictionary, end > frame.firstKey,
        key(openKeys[end - 1]).elementsEqual(limits.untaped[number].utf8)
      else { return false }
    }
    return true
  }

  /// Forgets the tokens of a list's element.
  private mutating func dropElement(of list: Frame) {
    let kept = list.token + 1
    droppedTokens += tokens.count - kept
    tokens.removeLast(tokens.count - kept)
    sortedKeys.removeLast(sortedKeys.count - list.firstSortedKey)
  }

  private mutating func scanKey(in frame: Frame) throws(BencodeError) {
    guard (0x30...0x39).contains(bytes[position]) else {
      throw failure(.keyNotString, at: position)
    }
    let offset = position
    let token = tokens.count
    try scanString()
    if openKeys.count > frame.firstKey, let previous = openKeys.last {
      let (left, right) = (key(previous), key(UInt32(token)))
      if !left.lexicographicallyPrecedes(right) {
        if left.elementsEqual(right) {
          try repeated(right, at: offset)
        } else {
          frames[frames.count - 1].isSorted = false
        }
      }
    }
    openKeys.append(UInt32(token))
    frames[frames.count - 1].expectsKey = false
    if frames.count == 1, isTolerant, tolerance.isStrict(in: key(UInt32(token))) {
      isTolerant = false
    }
  }

  /// Takes note of a key that its dictionary has already; the first one counts.
  private mutating func repeated(
    _ key: ArraySlice<UInt8>, at offset: Int
  ) throws(BencodeError) {
    let isDecisive = frames.count == 1 && tolerance.isStrict(in: key)
    guard isTolerant, !isDecisive else { throw failure(.duplicateKey(Array(key)), at: offset) }
    warn(.duplicateKey(Array(key), offset: offset))
  }

  private mutating func close(_ frame: Frame) throws(BencodeError) {
    if frame.isDictionary {
      guard frame.expectsKey else { throw failure(.missingValue, at: position) }
      if !frame.isSorted { try sortKeys(of: frame) }
      tokens[frame.token].firstKey = UInt32(sortedKeys.count)
      sortedKeys += openKeys[frame.firstKey...]
      openKeys.removeSubrange(frame.firstKey...)
    }
    position += 1
    frames.removeLast()
    tokens[frame.token].end = UInt32(position)
    tokens[frame.token].next = UInt32(tokens.count)
    tokens[frame.token].payload = Int64(frame.count)
    valueEnded()
  }

  /// Sorts a dictionary's keys, which also reveals duplicates that were not adjacent.
  private mutating func sortKeys(of frame: Frame) throws(BencodeError) {
    // Equal keys stay in the order of the source: a look-up finds the first one.
    let keys = openKeys[frame.firstKey...].sorted { left, right in
      if key(left).lexicographicallyPrecedes(key(right)) { return true }
      return left < right && key(left).elementsEqual(key(right))
    }
    for (left, right) in zip(keys, keys.dropFirst()) where key(left).elementsEqual(key(right)) {
      try repeated(key(right), at: Int(tokens[Int(right)].start))
    }
    openKeys.replaceSubrange(frame.firstKey..., with: keys)
    if hasRoomForWarning {
      warn(.unsortedKeys(offset: Int(tokens[frame.token].start), path: path))
    }
  }

  private func key(_ token: UInt32) -> ArraySlice<UInt8> {
    let token = tokens[Int(token)]
    return bytes[Int(token.start) + Int(token.headerLength)..<Int(token.end)]
  }

  // MARK: - Messages

  /// A Boolean value indicating whether another warning is kept.
  ///
  /// A path can be long, so it is not built for a warning that would be dropped.
  var hasRoomForWarning: Bool { warnings.count < limits.warnings }

  mutating func warn(_ warning: BencodeWarning) {
    if hasRoomForWarning { warnings.append(warning) }
  }

  private func failure(_ defect: BencodeDefect, at offset: Int) -> BencodeError {
    .malformed(defect, offset: offset, path: path)
  }

  /// The path of the value that is being scanned.
  var path: BencodePath {
    var components: [BencodePath.Component] = []
    for (number, frame) in frames.enumerated() {
      if !frame.isDictionary {
        components.append(.index(frame.count))
      } else if !frame.expectsKey {
        let end = number + 1 < frames.count ? frames[number + 1].firstKey : openKeys.count
        if end > frame.firstKey { components.append(.key(Array(key(openKeys[end - 1])))) }
      }
    }
    return BencodePath(components)
  }
}
