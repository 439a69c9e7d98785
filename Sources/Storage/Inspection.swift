package import Primitives

/// The state of a torrent's places on disk before anything is changed.
package struct Inspection: Equatable, Sendable {
  /// The state of one file's place.
  package enum Presence: Hashable, Sendable {
    /// Nothing, or the file is not stored at all.
    case missing
    /// A file that is proved to be ours, of that size; it may be written.
    case ours(size: Int64)
    /// A file that is only read, of that size.
    case foreign(size: Int64)
  }

  /// One entry per file of the torrent.
  package let files: [Presence]
  /// The pieces that are right by what the last run wrote down.
  package let trusted: Bitfield
  /// The pieces that must be hashed to know; the others are missing, or not wanted.
  package let doubtful: Bitfield

  /// Whether there is any byte to check; if not, all pieces but the trusted ones are missing.
  package var mayHaveData: Bool {
    !doubtful.isEmpty
      && files.contains { file in
        switch file {
        case .missing: false
        case .ours(let size), .foreign(let size): size > 0
        }
      }
  }
}
