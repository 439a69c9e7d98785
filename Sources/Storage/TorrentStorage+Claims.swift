import Metainfo
import Primitives

/// What may be written, and what is unfinished.
extension TorrentStorage {
  /// Whether every wanted file is there with its exact length.
  func isInPlace(_ records: [FileTable.Record]) -> Bool {
    layout.places.indices.allSatisfy { index in
      let place = layout.places[index]
      return !place.isWanted || records[index].exists && records[index].size == place.length
    }
  }

  /// Which places we may write, by number; throws when one that we may not would have to change.
  func filesToWrite(
    _ records: [FileTable.Record], verified: Bitfield, overwrite: Bool
  ) throws(StorageError) -> [Bool] {
    let ours = layout.places.indices.map { index in
      guard layout.places[index].isWanted else { return records[index].isOurs }
      return overwrite || records[index].isOurs || !records[index].exists
    }
    var suspect: Int?
    for file in torrent.layout.files where layout.places[file.index].isWanted && !ours[file.index] {
      guard records[file.index].size == file.length else {
        throw .outputExists(path: files.path(file.index))
      }
      for piece in torrent.layout.pieces(ofFile: file.index).lazy.map(PieceIndex.init)
      where !verified.contains(piece) {
        let holders = layout.spans(of: piece).map(\.file).filter { layout.places[$0].isStored }
        if holders.count == 1 { throw .outputExists(path: files.path(file.index)) }
        // A piece that reaches into a file of ours may be missing there only: its bytes here are
        // compared when it has come. Of several files that are not ours, any can be at fault, so
        // one that is for certain is named first.
        if !holders.contains(where: { ours[$0] }) { suspect = suspect ?? file.index }
      }
    }
    if let suspect { throw .outputExists(path: files.path(suspect)) }
    return ours
  }

  /// Which files are ours and have a piece missing, by number.
  ///
  /// A file that is not wanted stays as unfinished as it was: its bytes go to the part file.
  func unfinishedFiles(
    ours: [Bool], records: [FileTable.Record], verified: Bitfield
  ) -> [Bool] {
    torrent.layout.files.map { file in
      let place = layout.places[file.index]
      let record = records[file.index]
      guard place.isStored, ours[file.index] else { return false }
      guard place.isWanted else { return record.exists }
      let isWhole = torrent.layout.pieces(ofFile: file.index).allSatisfy {
        verified.contains(PieceIndex($0))
      }
      return !isWhole || !record.exists || record.size > file.length
    }
  }
}
