package import Primitives

/// The state of a torrent's places on disk before anything is changed.
package struct Inspection: Equatable, Sendable {
  /// The state of a file's place.
  package enum Presence: Hashable, Sendable {
    /// There is no file, or the file is not stored at all.
    case missing
    /// There is a file of this size that is proved ours and may be written.
    case ours(size: Int64)
    /// There is a file of this size that is only read.
    case foreign(size: Int64)
  }

  /// The state of each file of the torrent.
  package let files: [Presence]
  /// The pieces that are correct according to the latest run's state file.
  package let trusted: Bitfield
  /// The pieces that must be hashed; the others are missing or not selected.
  package let doubtful: Bitfield

  /// A Boolean value indicating whether there is data to check; if not, all pieces but the trusted
  /// ones are missing.
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
