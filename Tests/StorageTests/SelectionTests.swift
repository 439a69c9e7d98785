import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// Some files of a torrent only.
@Suite struct SelectionTests {
  private let disk = MemoryFileSystem()
  /// Piece 0 is a, 1 is shared by a and b, 2 is b, 3 is shared by b, the empty e and c, 4 is c.
  private let stored: StoredTorrent

  init() throws {
    stored = try StoredTorrent(
      files: [("a", 96), ("sub/b", 112), ("e", 0), ("c", 112)], pieceLength: 64)
  }

  private func begin(
    _ files: [Int], overwrite: Bool = false
  ) throws(StorageError) -> (storage: TorrentStorage, verified: Bitfield) {
    try stored.begin(disk, overwrite: overwrite) { $0.selection = FileSelection(files) }
  }

  private func writeMissing(_ run: (storage: TorrentStorage, verified: Bitfield)) throws {
    let missing = stored.pieces.filter {
      run.storage.wanted.contains($0) && !run.verified.contains($0)
    }
    try stored.write(missing, to: run.storage)
  }

  /// Runs a whole download of these files.
  private func complete(_ files: [Int]) throws {
    let run = try begin(files)
    try writeMissing(run)
    try run.storage.finish()
    try run.storage.close()
  }

  private func bytes(of piece: PieceIndex, in storage: TorrentStorage) throws -> [UInt8] {
    let length = stored.torrent.geometry.length(of: piece)
    var bytes = [UInt8](repeating: 0, count: length)
    try bytes.withUnsafeMutableBytes {
      try storage.read(block: Block(piece: piece, offset: 0, length: length), into: $0)
    }
    return bytes
  }

  @Test func onlyTheChosenFilesAreMade() throws {
    try complete([1])
    #expect(disk.paths == ["T/sub/b"])
    #expect(disk.bytes("T/sub/b") == stored.bytes(ofFile: "T/sub/b"))
    #expect(disk.openCount == 0)
  }

  @Test func emptyFileIsMadeOnlyIfChosen() throws {
    try complete([2])
    #expect(disk.paths == ["T/e"])
  }

  @Test func strayBytesLieInTheSmallPartFileUntilTheEnd() throws {
    let run = try begin([1])
    try writeMissing(run)
    #expect(disk.paths == ["T.swift-torrent", "T.swift-torrent-part", "T/sub/b"])
    let strays = stored.bytes(ofFile: "T/a").suffix(32) + stored.bytes(ofFile: "T/c").prefix(48)
    let part = try #require(disk.bytes("T.swift-torrent-part"))
    let header = "swift-torrent part 1\n" + stored.torrent.infoHash.description
    #expect(part.starts(with: header.utf8))
    #expect(part.dropFirst(64).elementsEqual(strays))
    try run.storage.finish()
    #expect(disk.paths == ["T/sub/b"])
  }

  @Test func borderPiecesCanBeServedAlsoAfterTheEnd() throws {
    let run = try begin([1])
    try writeMissing(run)
    for _ in 0..<2 {
      for number in 1...3 {
        let piece = PieceIndex(number)
        #expect(try bytes(of: piece, in: run.storage) == stored.bytes(piece))
      }
      try run.storage.finish()
    }
    try run.storage.close()
  }

  @Test(arguments: [true, false])
  func strayBytesSurviveAnInterruption(isClean: Bool) throws {
    let (storage, _) = try begin([1])
    try stored.write([PieceIndex(1), PieceIndex(3)], to: storage)
    let verified = stored.set([1, 3])
    if isClean {
      try storage.suspend(verified: verified)
    } else {
      try storage.saveProgress(verified: verified)
    }
    try storage.close()
    let again = stored.storage(disk) { $0.selection = FileSelection([1]) }
    let inspection = try again.inspect()
    #expect(inspection.trusted == verified)
    #expect(inspection.doubtful == stored.set(isClean ? [] : [2]))
    try again.close()
    // Also by hashing, the bytes in the part file count.
    let unsure = stored.storage(disk) { $0.selection = FileSelection([1]) }
    let doubtful = try unsure.inspect(trustsState: false).doubtful
    #expect(try unsure.checkPieces(0..<5, of: doubtful).map(\.value) == [1, 3])
    try unsure.close()
    try complete([1])
    #expect(disk.paths == ["T/sub/b"])
  }

  @Test func anotherSelectionGoesOnWithWhatIsThere() throws {
    let run = try begin([0])
    try writeMissing(run)
    try run.storage.suspend(verified: run.storage.wanted)
    try run.storage.close()
    let (storage, verified) = try begin([0, 1])
    // The part of piece 1 that belongs to b is in the part file, and so is fetched again.
    #expect(verified == stored.set([0]))
    try storage.close()
    try complete([0, 1])
    #expect(disk.paths == ["T/a", "T/sub/b"])
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func allFilesAfterSomeLeaveNoPartFile() throws {
    let run = try begin([1])
    try stored.write([PieceIndex(1)], to: run.storage)
    try run.storage.suspend(verified: stored.set([1]))
    try run.storage.close()
    #expect(disk.paths.contains("T.swift-torrent-part"))
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func fileLeftUnfinishedByAnEarlierRunStaysMarked() throws {
    let (first, _) = try stored.begin(disk)
    try stored.write([PieceIndex(2)], to: first)
    try first.suspend(verified: stored.set([2]))
    try first.close()
    let run = try begin([0])
    #expect(run.verified == stored.set([2]))
    try writeMissing(run)
    try run.storage.finish(verified: stored.set(0...2))
    try run.storage.close()
    #expect(disk.paths == ["T.swift-torrent", "T/a", "T/e", "T/sub/b"])
    let (last, verified) = try stored.begin(disk)
    #expect(verified == stored.set([0, 2]))
    try stored.write([1, 3, 4].map { PieceIndex($0) }, to: last)
    try last.finish()
    #expect(stored.isExactly(on: disk))
  }

  @Test func completeFilesAreNotTouched() throws {
    stored.place(on: disk)
    let (storage, verified) = try begin([0, 3])
    // Of the border pieces, the other part is looked for in the part file only.
    #expect(verified == stored.set([0, 4]))
    try stored.write([PieceIndex(1), PieceIndex(3)], to: storage)
    try storage.finish()
    try storage.close()
    #expect(stored.isExactly(on: disk))
  }

  @Test func whatStandsInPlaceOfAnUnwantedFileDoesNotMatter() throws {
    disk.putSymlink("T/a")
    disk.put("T/c/inside", [1])
    disk.put("T/e", [9])
    try complete([1])
    #expect(disk.bytes("T/sub/b") == stored.bytes(ofFile: "T/sub/b"))
    #expect(disk.bytes("T/e") == [9])
  }

  @Test func partFileWithoutAStateIsSomebodyElses() throws {
    disk.put("T.swift-torrent-part", [1, 2, 3])
    #expect(throws: StorageError.foreignState(path: "out/T.swift-torrent-part")) {
      try begin([1])
    }
    #expect(disk.paths == ["T.swift-torrent-part"])
  }

  @Test func anySelectionOfAnyTorrentIsFetchedAndNothingElse() throws {
    for seed in UInt64(0)..<40 {
      let disk = MemoryFileSystem()
      var random = SeededRandom(seed: seed)
      let count = Int.random(in: 2...9, using: &random)
      let files = (0..<count).map {
        ("d\($0 % 2)/\($0)", Int.random(in: 0...150, using: &random), $0 % 4 == 3 ? "p" : "")
      }
      let stored = try StoredTorrent(
        files: files + [("last", 9, "")], pieceLength: Int.random(in: 1...64, using: &random),
        seed: seed)
      let chosen = (0...count).filter { _ in Bool.random(using: &random) }
      var done = Bitfield(count: stored.pieces.count)
      // In two runs, of which the first is interrupted.
      for isLast in [false, true] {
        let (storage, verified) = try stored.begin(disk) {
          $0.selection = FileSelection(chosen)
          $0.isFlat = true
        }
        #expect(verified == done)
        for piece in stored.pieces.shuffled(using: &random)
        where storage.wanted.contains(piece) && !verified.contains(piece) {
          guard isLast || Bool.random(using: &random) else { continue }
          try stored.write([piece], to: storage)
          done.insert(piece)
        }
        if !isLast { try storage.suspend(verified: done) }
        if isLast {
          #expect(done == storage.wanted)
          for piece in stored.pieces where done.contains(piece) {
            let length = stored.torrent.geometry.length(of: piece)
            var bytes = [UInt8](repeating: 0, count: length)
            try bytes.withUnsafeMutableBytes {
              try storage.read(block: Block(piece: piece, offset: 0, length: length), into: $0)
            }
            #expect(bytes == stored.bytes(piece))
          }
          try storage.finish()
        }
        try storage.close()
      }
      let expected = stored.torrent.layout.files.filter {
        $0.isStored && chosen.contains($0.index)
      }
      #expect(
        disk.paths == expected.map { $0.path.dropFirst().pathText }.sorted())
      for file in expected {
        #expect(
          disk.bytes(file.path.dropFirst().pathText)
            == stored.bytes(ofFile: file.displayPath))
      }
      #expect(disk.openCount == 0)
    }
  }
}
