import CPosix

/// The arguments of the process.
///
/// `CommandLine.arguments` reads them from /proc, and is empty if that is not mounted.
enum ProcessArguments {
  /// The words after the program's name, repaired where they are not UTF-8.
  static var words: [String] { unsafe pointers.map { unsafe String(cString: $0) } }

  /// Returns whether the original of the word at an index of `words` is UTF-8.
  static func isUTF8(at index: Int) -> Bool {
    let pointers = unsafe pointers
    return unsafe !pointers.indices.contains(index)
      || String(validatingCString: pointers[index]) != nil
  }

  private static var pointers: [UnsafeMutablePointer<CChar>] {
    unsafe UnsafeBufferPointer(start: cposix_arguments(), count: Int(cposix_argument_count()))
      .dropFirst().compactMap(\.self)
  }
}
