/// The allocation of space for files, whose pieces arrive in any order.
public enum Preallocation: Hashable, Sendable, CaseIterable {
  /// Reserves a file's space on its first write if the file system supports that; otherwise as
  /// `sparse`.
  case automatic
  /// No allocation: files grow as pieces arrive.
  case none
  /// Sets a file's length on its first write; space is allocated as pieces arrive.
  case sparse
  /// Creates all files and reserves their space at the start; fails if the file system cannot do
  /// that.
  case full
}
