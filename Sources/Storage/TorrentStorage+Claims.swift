import Metainfo
import Primitives

/// Decisions about files that may be written and files that are unfinished.
extension TorrentStorage {
  /// Returns whether every selected file exists with the right length.
  func isInPlace(_ records: [FileTable.Record]) -> Bool {
    layout.places.indices.allSatisfy { index in
      let place = layout.places[index]
      return !place.isWanted || records[index].exists && records[index].size == place.length
    }
  }

  /// Decides about files that an earlier run has named and that only their content can prove ours.
  ///
  /// `verified` are the correct pieces.
  func decideByContent(verified: Bitfield) throws(StorageError) {
    let proof = OwnershipProof(finding, boot: files.fileSystem.bootIdentity)
    let records = files.records
    for file in torrent.layout.files where records[file.index].isUndecided {
      // The pieces of other files were not hashed, so nothing is known about them.
      guard layout.places[file.index].isWanted else { continue }
      var isOurs = proof.isProved(file: file, in: torrent.layout, verified: verified)
      if !isOurs { isOurs = try hasNoData(file.index, records) }
      files.decide(file.index, isOurs: isOurs)
    }
  }

  /// Returns whether a file contains no data that could be lost: it is empty or one hole.
  private func hasNoData(
    _ index: Int, _ records: [FileTable.Record]
  ) throws(StorageError) -> Bool {
    guard records[index].size > 0 else { return true }
    return try files.withFile(index, for: .reading) { descriptor throws(SystemCallError) in
      try files.fileSystem.nextData(descriptor, from: 0) == nil
    }
  }

  /// Returns for each place whether we may write it; throws if one that we may not write would have
  /// to change.
  func filesToWrite(
    _ records: [FileTable.Record], verified: Bitfield, overwrite: Bool
  ) throws(StorageError) -> [Bool] {
    let ours = layout.places.indices.map { index in
      if index == layout.partPlace {
        let mayOverwrite = overwrite && !layout.strays.isEmpty
        return mayOverwrite || records[index].isOurs || !records[index].exists
      }
      guard layout.places[index].isWanted else { return records[index].isOurs }
      guard !records[index].isLinked else { return false }
      return overwrite || records[index].isOurs || !records[index].exists
    }
    func refusal(_ index: Int) -> StorageError {
      let mayElse = overwrite || records[index].unproved != nil
      return records[index].isLinked && mayElse
        ? .hardLinked(path: files.path(index)) : .outputExists(path: files.path(index))
    }
    var suspect: Int?
    for file in torrent.layout.files where layout.places[file.index].isWanted && !ours[file.index] {
      guard records[file.index].size == file.length else {
        throw refusal(file.index)
      }
      for piece in torrent.layout.pieces(ofFile: file.index).lazy.map(PieceIndex.init)
      where !verified.contains(piece) {
        let holders = layout.spans(of: piece).map(\.file).filter { layout.places[$0].isStored }
        if holders.count == 1 { throw refusal(file.index) }
        // A piece that extends into a file of ours may be missing only there. Its bytes in other
        // files are compared when it arrives. If several files are not ours, any of them can be the
        // cause, so a certain one is reported first.
        if !holders.contains(where: { ours[$0] }) { suspect = suspect ?? file.index }
      }
    }
    if let suspect { throw refusal(suspect) }
    return ours
  }

  /// Returns for each file whether it is ours and incomplete.
  ///
  /// An unselected file stays as unfinished as it was, proved or not, because its bytes go to the
  /// part file.
  func unfinishedFiles(
    ours: [Bool], records: [FileTable.Record], verified: Bitfield
  ) -> [Bool] {
    torrent.layout.files.map { file in
      let place = layout.places[file.index]
      let record = records[file.index]
      guard place.isWanted else {
        return place.isStored && record.exists && (ours[file.index] || record.unproved != nil)
      }
      guard ours[file.index] else { return false }
      let isWhole = torrent.layout.pieces(ofFile: file.index).allSatisfy {
        verified.contains(PieceIndex($0))
      }
      return !isWhole || !record.exists || record.size > file.length
    }
  }

  // MARK: - Holes

  /// Returns the pieces of a set that have a hole in a file with several pieces.
  func piecesWithHoles(among pieces: Bitfield) throws(StorageError) -> Bitfield {
    var holed = Bitfield(count: pieces.count)
    guard !pieces.isEmpty else { return holed }
    let records = files.records
    for file in torrent.layout.files where layout.places[file.index].isStored {
      let numbers = torrent.layout.pieces(ofFile: file.index)
      guard numbers.count > 1, records[file.index].exists,
        numbers.contains(where: { pieces.contains(PieceIndex($0)) })
      else { continue }
      try files.forEachHole(inFile: file.index) { hole in
        let piece = torrent.layout.piece(at: file.offset + hole)
        if pieces.contains(piece) { holed.insert(piece) }
        return torrent.layout.range(of: piece).upperBound - file.offset
      }
    }
    return holed
  }

  /// Checks that the files written by this run still have their content, as far as holes reveal; a
  /// piece with a hole is hashed.
  ///
  /// If content is lost, the saved state excludes those pieces, and the error names a file.
  func confirmContent(verified: Bitfield) throws(StorageError) {
    let suspects = files.filesToSearch()
    guard !suspects.isEmpty else { return }
    var holed = Bitfield(count: verified.count)
    for index in suspects {
      let offset = torrent.layout.files[index].offset
      try files.forEachHole(inFile: index) { hole in
        let piece = torrent.layout.piece(at: offset + hole)
        holed.insert(piece)
        return torrent.layout.range(of: piece).upperBound - offset
      }
    }
    guard !holed.isEmpty else { return }
    var lost = holed
    for piece in try checkPieces(0..<holed.count, of: holed) { lost.remove(piece) }
    guard let first = torrent.geometry.pieces.first(where: lost.contains) else { return }
    var kept = verified
    lost.forEach { kept.remove($0) }
    try suspend(verified: kept)
    let file = layout.spans(of: first).first { suspects.contains($0.file) }?.file ?? suspects[0]
    throw .changedUnderneath(path: files.path(file))
  }
}
