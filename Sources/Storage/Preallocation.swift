/// How room for a file is made before its pieces come, which they do in any order.
public enum Preallocation: Hashable, Sendable, CaseIterable {
  /// Reserved when a file is first written, where the file system can, else as `sparse`.
  case automatic
  /// Not at all: files grow as pieces come.
  case none
  /// Files get their length when they are first written, and take room as pieces come.
  case sparse
  /// All files are made and reserved at the start; an error where the file system cannot.
  case full
}
