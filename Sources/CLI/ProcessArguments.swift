import CPosix

/// The words that the process was started with.
///
/// `CommandLine.arguments` reads them from /proc, and is empty where that is not mounted.
enum ProcessArguments {
  /// What follows the program's name, repaired where it is not UTF-8.
  static var words: [String] { pointers.map { String(cString: $0) } }

  /// Whether the word at an index of `words` is UTF-8 as it was given.
  static func isUTF8(at index: Int) -> Bool {
    let pointers = pointers
    return !pointers.indices.contains(index)
      || String(validatingCString: pointers[index]) != nil
  }

  private static var pointers: [UnsafeMutablePointer<CChar>] {
    UnsafeBufferPointer(start: cposix_arguments(), count: Int(cposix_argument_count()))
      .dropFirst().compactMap(\.self)
  }
}
