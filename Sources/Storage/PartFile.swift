import Glibc
import Primitives

/// The format of the part file: a header that identifies its torrent, then the strays of an
/// `OutputLayout`.
enum PartFile {
  /// The suffix that makes the part file's name from that of the state file.
  static let suffix = "-part"
  /// The number of bytes before the first stray.
  static let headerLength = 64
  private static let format = "swift-torrent part 1\n"

  /// Returns the header of a torrent's part file.
  static func header(for infoHash: InfoHash) -> [UInt8] {
    let text = Array((format + infoHash.description).utf8)
    return text + [UInt8](repeating: 0, count: headerLength - text.count)
  }

  /// Returns the stamp of a part file if it has this header and no other name.
  static func stamp(
    named name: FileName, in root: Descriptor, header: [UInt8], on fileSystem: any FileSystem
  ) throws(SystemCallError) -> FileStamp? {
    do throws(SystemCallError) {
      let file = try fileSystem.openFile(name, in: root, .read)
      let status: FileStatus
      let found: [UInt8]
      do throws(SystemCallError) {
        status = try fileSystem.status(of: file)
        found = status.kind == .file ? try fileSystem.readBytes(file, count: headerLength) : []
      } catch {
        // The error that was thrown is the one to report.
        try? fileSystem.close(file)
        throw error
      }
      try fileSystem.close(file)
      return found == header && status.links == 1 ? FileStamp(status) : nil
    } catch {
      // An object that cannot be opened as a file is not our part file.
      if [ENOENT, ELOOP, EISDIR, ENOTDIR, ENXIO, EACCES].contains(error.code) { return nil }
      throw error
    }
  }
}
