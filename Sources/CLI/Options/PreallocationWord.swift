import Storage

/// The values of `--prealloc`.
enum PreallocationWord {
  private static let table: [(word: String, value: Preallocation)] = [
    ("none", .none), ("sparse", .sparse), ("full", .full),
  ]

  static var words: [String] { table.map(\.word) }

  static func read(_ text: String) throws(ExpectedValue) -> Preallocation {
    guard let entry = table.first(where: { $0.word == text }) else {
      throw ExpectedValue("one of " + words.joined(separator: ", "))
    }
    return entry.value
  }
}
