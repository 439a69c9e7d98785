import Metainfo
import Primitives

/// Where a web seed has the bytes of a torrent (BEP 19).
///
/// A torrent of one file lies at the URL itself, or below it when the URL ends with a slash. One of
/// several files lies below the URL, in a folder of the torrent's name. Padding lies nowhere: it is
/// zeros.
struct WebSeedMap: Sendable {
  /// A run of the torrent's bytes that lies in one place.
  struct Part: Equatable {
    /// How many bytes.
    let length: Int
    /// The file that holds them.
    let file: Int
    /// Which bytes of that file they are.
    let range: Range<Int64>
    /// The file's URL; nil for padding.
    let url: String?
    /// The length of that file in bytes.
    let fileLength: Int64
  }

  private let layout: FileLayout
  private let isMultiFile: Bool
  /// What comes before and after a file's path.
  private let base: String
  private let query: String

  /// The map of one web seed.
  init(url: String, torrent: TorrentMetainfo) {
    layout = torrent.layout
    isMultiFile = torrent.isMultiFile
    let end = url.firstIndex { $0 == "?" || $0 == "#" } ?? url.endIndex
    base = String(url[..<end])
    query = url[end...].first == "?" ? String(url[end...].prefix { $0 != "#" }) : ""
  }

  /// The run that begins at a byte of the torrent and ends with its file, or at `end`; nil outside.
  func part(at start: Int64, end: Int64) -> Part? {
    guard start < end, let span = layout.spans(of: start..<end).first else { return nil }
    let file = layout.files[span.file]
    return Part(
      length: span.length, file: span.file,
      range: span.offset..<span.offset + Int64(span.length),
      url: file.isPadding ? nil : url(ofFile: span.file), fileLength: file.length)
  }

  /// Where a file is.
  func url(ofFile index: Int) -> String {
    guard isMultiFile || base.hasSuffix("/") else { return base + query }
    let path = layout.files[index].path.map { PercentEncoding.encode($0.utf8) }
    return base + (base.hasSuffix("/") ? "" : "/") + path.joined(separator: "/") + query
  }

  /// The pieces that hold bytes of a file.
  func pieces(ofFile index: Int) -> Range<Int> { layout.pieces(ofFile: index) }
}
