import Metainfo
import Primitives

/// The location of a torrent's bytes on a web seed (BEP 19).
///
/// The file of a single-file torrent is at the URL itself, or below it if the URL ends with a
/// slash. The files of a multi-file torrent are below the URL, in a folder with the torrent's name.
/// Padding is never downloaded; it consists of zeros.
struct WebSeedMap: Sendable {
  /// A run of the torrent's bytes within one file.
  struct Part: Equatable {
    /// The number of bytes.
    let length: Int
    /// The index of the file.
    let file: Int
    /// The range within the file.
    let range: Range<Int64>
    /// The file's URL; nil for padding.
    let url: String?
    /// The length of the file in bytes.
    let fileLength: Int64
  }

  private let layout: FileLayout
  private let isMultiFile: Bool
  /// The parts of the URL before and after a file's path.
  private let base: String
  private let query: String

  /// Creates the map of one web seed.
  init(url: String, torrent: TorrentMetainfo) {
    layout = torrent.layout
    isMultiFile = torrent.isMultiFile
    let end = url.firstIndex { $0 == "?" || $0 == "#" } ?? url.endIndex
    base = String(url[..<end])
    query = url[end...].first == "?" ? String(url[end...].prefix { $0 != "#" }) : ""
  }

  /// Returns the run from `start` to the end of its file or to `end`; nil outside the torrent.
  func part(at start: Int64, end: Int64) -> Part? {
    guard start < end, let span = layout.spans(of: start..<end).first else { return nil }
    let file = layout.files[span.file]
    return Part(
      length: span.length, file: span.file,
      range: span.offset..<span.offset + Int64(span.length),
      url: file.isPadding ? nil : url(ofFile: span.file), fileLength: file.length)
  }

  /// Returns the URL of a file, made of its path's own bytes whatever its name on disk.
  func url(ofFile index: Int) -> String {
    guard isMultiFile || base.hasSuffix("/") else { return base + query }
    let path = layout.files[index].path.map { PercentEncoding.encode($0.bytes) }
    return base + (base.hasSuffix("/") ? "" : "/") + path.joined(separator: "/") + query
  }

  /// Returns the pieces that contain bytes of a file.
  func pieces(ofFile index: Int) -> Range<Int> { layout.pieces(ofFile: index) }
}
