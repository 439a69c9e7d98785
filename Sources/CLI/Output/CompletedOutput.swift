import Download
import Metainfo
import Primitives

/// The output of a completed download, for events and hooks.
package struct CompletedOutput: Sendable {
  /// The torrent's name.
  package let name: String
  /// The info-hash in hexadecimal.
  package let infoHash: String
  /// The size of the torrent, in bytes.
  package let bytes: Int64
  /// The absolute path of the file or folder.
  package let path: String

  /// Creates a description of an output.
  package init(name: String, infoHash: String, bytes: Int64, path: String) {
    self.name = name
    self.infoHash = infoHash
    self.bytes = bytes
    self.path = path
  }

  /// Creates a description of the output of a torrent downloaded with these options.
  init(_ torrent: TorrentMetainfo, _ options: OutputOptions, diskName: FileName?) {
    let isInFolder = options.isFlat && torrent.isMultiFile
    let path =
      isInFolder ? options.folder : "\(options.folder)/\(diskName ?? torrent.info.nameBytes)"
    self.init(
      name: torrent.name, infoHash: torrent.infoHash.description,
      bytes: torrent.geometry.totalLength, path: AbsolutePath.of(path))
  }
}
