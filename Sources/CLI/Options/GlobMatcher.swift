/// A matcher that compares text with the tokens of one pattern.
///
/// It keeps the set of places in the pattern that the text so far can have led to (Thompson's
/// simulation of an automaton). A character therefore takes at most as many steps as the pattern
/// has tokens, even if there are many ways to match. No character is read twice.
struct GlobMatcher {
  private let tokens: [Glob.Token]
  /// The places that have been reached, except for the end of the pattern.
  private var places: [Int] = []
  private var previous: [Int] = []
  /// The turn in which each place was last reached.
  private var turns: [Int]
  private var turn = 0
  /// The number of places entered or compared so far, as a measure of the work.
  private(set) var steps = 0

  /// Creates a matcher that has read no text.
  init(_ tokens: [Glob.Token]) {
    self.tokens = tokens
    turns = Array(repeating: 0, count: tokens.count + 1)
  }

  /// Returns whether a whole name matches.
  mutating func matchesName(_ name: some Collection<UInt8>) -> Bool {
    begin()
    return read(name) && isAtEnd
  }

  /// Returns whether a path or one of its folders matches.
  mutating func matchesPath(_ path: some Sequence<some Collection<UInt8>>) -> Bool {
    begin()
    for (number, name) in path.enumerated() {
      if number > 0 { advance(.separator) }
      guard read(name) else { return false }
      if isAtEnd { return true }
    }
    return false
  }

  private var isAtEnd: Bool { turns[tokens.count] == turn }

  private mutating func begin() {
    turn += 1
    places.removeAll(keepingCapacity: true)
    enter(0)
    skipStars(isAtNameStart: true)
  }

  /// Returns false as soon as no continuation can match.
  private mutating func read<Name: Collection<UInt8>>(_ name: Name) -> Bool {
    var index = name.startIndex
    while index != name.endIndex {
      guard !places.isEmpty else { return false }
      advance(NameCharacter.next(in: name, &index))
    }
    return true
  }

  private mutating func advance(_ character: NameCharacter) {
    turn += 1
    swap(&places, &previous)
    places.removeAll(keepingCapacity: true)
    for place in previous {
      steps += 1
      switch tokens[place] {
      case .any: enter(place)
      case .many: if character != .separator { enter(place) }
      case .separator: if character == .separator { enter(place + 1) }
      case .one: if character != .separator { enter(place + 1) }
      case .character(let own): if own == character { enter(place + 1) }
      case .set(let ranges, let isNegated):
        steps += ranges.count
        guard character != .separator else { continue }
        if ranges.contains(where: { $0.contains(character) }) != isNegated { enter(place + 1) }
      }
    }
    skipStars(isAtNameStart: character == .separator)
  }

  private mutating func enter(_ place: Int) {
    steps += 1
    guard turns[place] != turn else { return }
    turns[place] = turn
    if place < tokens.count { places.append(place) }
  }

  /// Enters the places after stars, since a star may match nothing, and where a name begins `**/`
  /// no folder at all.
  private mutating func skipStars(isAtNameStart: Bool) {
    var index = 0
    while index < places.count {
      let place = places[index]
      index += 1
      switch tokens[place] {
      case .many: enter(place + 1)
      case .any:
        enter(place + 1)
        guard isAtNameStart, place + 1 < tokens.count, tokens[place + 1] == .separator,
          place == 0 || tokens[place - 1] == .separator
        else { continue }
        enter(place + 2)
      default: continue
      }
    }
  }
}
