import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

@Suite struct VerificationReportTests {
  private let disk = MemoryFileSystem()
  /// Piece 0 is a, 1 is shared by a and b, 2 is b, 3 is shared by b and c, 4 is c.
  private let stored: StoredTorrent

  init() throws {
    stored = try StoredTorrent(files: [("a", 96), ("b", 112), ("c", 112)], pieceLength: 64)
    stored.place(on: disk)
  }

  private func report(
    _ change: (inout StorageOptions) -> Void = { _ in }
  ) throws -> VerificationReport {
    let storage = stored.storage(disk) {
      $0.readsNeighbours = true
      change(&$0)
    }
    _ = try storage.inspect(trustsState: false)
    let report = storage.report(verified: try storage.check())
    try storage.close()
    return report
  }

  @Test func completeDataIsIntact() throws {
    let report = try report()
    #expect(report.isIntact && report.pieceCount == 5)
    #expect(report.files.map(\.path) == ["T/a", "T/b", "T/c"])
    #expect(disk.changes == 0)
  }

  @Test func wrongByteIsTheFaultOfItsFile() throws {
    var bytes = stored.bytes(ofFile: "T/b")
    bytes[40] ^= 1
    disk.put("T/b", bytes)
    let report = try report()
    #expect(report.badPieces.map(\.piece.value) == [2])
    #expect(report.badPieces.map(\.files) == [[1]])
    #expect(report.files.map(\.condition) == [.intact, .damaged, .intact])
    #expect(report.files.map(\.badPieceCount) == [0, 1, 0])
    #expect(!report.isIntact)
  }

  @Test func wrongByteInABorderPieceNamesBothFiles() throws {
    var bytes = stored.bytes(ofFile: "T/b")
    bytes[0] ^= 1
    disk.put("T/b", bytes)
    let report = try report()
    #expect(report.badPieces.map(\.piece.value) == [1])
    #expect(report.badPieces.map(\.files) == [[0, 1]])
    #expect(report.files.map(\.condition) == [.damaged, .damaged, .intact])
  }

  @Test func neighboursOfAMissingFileAreUnsure() throws {
    disk.delete("T/b")
    let report = try report()
    #expect(report.badPieces.map(\.piece.value) == [1, 2, 3])
    #expect(report.files.map(\.condition) == [.unsure, .missing, .unsure])
  }

  @Test func longerFileHasTheWrongLengthThoughAllPiecesAreRight() throws {
    disk.put("T/c", stored.bytes(ofFile: "T/c") + [0])
    let report = try report()
    #expect(report.badPieces.isEmpty && !report.isIntact)
    #expect(report.files.map(\.condition) == [.intact, .intact, .wrongLength(113)])
  }

  @Test func filesThatAreNotChosenAreReadButNotReported() throws {
    disk.delete("T/a")
    let third = try report { $0.selection = FileSelection([2]) }
    #expect(third.isIntact && third.pieceCount == 2)
    #expect(third.files.map(\.index) == [2])
    // The piece that is shared with the missing one cannot be proved.
    let second = try report { $0.selection = FileSelection([1]) }
    #expect(second.isIntact && second.badPieces.isEmpty)
    #expect(second.unprovenPieces.map(\.value) == [1])
    #expect(second.files.map(\.condition) == [.unproven])
    #expect(second.files.map(\.unprovenPieceCount) == [1])
    #expect(second.files.map(\.pieceCount) == [3])
    #expect(disk.changes == 0)
  }

  // MARK: - Pieces at the border of chosen files

  private static let harms = ["missing", "short", "long", "wrong", "a folder"]

  /// A fault of a file that is not chosen is not reported.
  @Test(arguments: harms)
  func whatIsWrongWithANeighbourIsNoFaultOfAChosenFile(_ harm: String) throws {
    for neighbour in ["T/a", "T/c"] {
      var bytes = stored.bytes(ofFile: neighbour)
      switch harm {
      case "missing": disk.delete(neighbour)
      case "short": disk.put(neighbour, Array(bytes.prefix(10)))
      case "long": disk.put(neighbour, bytes + [1])
      case "wrong":
        for index in bytes.indices { bytes[index] ^= 1 }
        disk.put(neighbour, bytes)
      default:
        disk.delete(neighbour)
        disk.put("\(neighbour)/inside", [1])
      }
    }
    let report = try report { $0.selection = FileSelection([1]) }
    #expect(report.isIntact && report.badPieces.isEmpty)
    // A neighbour that is only too long still proves the piece that is shared with it, and so does
    // the end of one that was cut behind its shared part; none of these is.
    #expect(report.unprovenPieces.map(\.value) == (harm == "long" ? [] : [1, 3]))
    #expect(report.files.map(\.condition) == [harm == "long" ? .intact : .unproven])
  }

  @Test func bytesOfAChosenFileThatAreNotThereAreWrongWhateverIsBesideThem() throws {
    disk.delete("T/a")
    disk.put("T/b", Array(stored.bytes(ofFile: "T/b").prefix(40)))
    let short = try report { $0.selection = FileSelection([1]) }
    // b begins in piece 1, of which its first 32 bytes are there.
    #expect(short.unprovenPieces.map(\.value) == [1])
    #expect(short.badPieces.map(\.piece.value) == [2, 3])
    #expect(short.files.map(\.condition) == [.wrongLength(40)] && !short.isIntact)
    disk.delete("T/b")
    let missing = try report { $0.selection = FileSelection([1]) }
    #expect(missing.unprovenPieces.isEmpty)
    #expect(missing.badPieces.map(\.piece.value) == [1, 2, 3])
    #expect(missing.files.map(\.condition) == [.missing] && !missing.isIntact)
  }

  @Test func aWrongPieceInsideAChosenFileCountsBesideThoseThatCannotBeChecked() throws {
    disk.delete("T/a")
    var bytes = stored.bytes(ofFile: "T/b")
    bytes[40] ^= 1
    disk.put("T/b", bytes)
    let report = try report { $0.selection = FileSelection([1]) }
    #expect(report.badPieces.map(\.piece.value) == [2])
    #expect(report.unprovenPieces.map(\.value) == [1])
    #expect(report.files.map(\.condition) == [.damaged] && !report.isIntact)
  }

  @Test func aWrongPieceOfChosenFilesAloneIsWrong() throws {
    var bytes = stored.bytes(ofFile: "T/a")
    bytes[95] ^= 1
    disk.put("T/a", bytes)
    disk.delete("T/c")
    let report = try report { $0.selection = FileSelection([0, 1]) }
    #expect(report.badPieces.map(\.piece.value) == [1])
    #expect(report.unprovenPieces.map(\.value) == [3])
    #expect(report.files.map(\.condition) == [.damaged, .damaged])
  }

  @Test func smallFilesInOnePieceAreProvenTogetherOrNotAtAll() throws {
    let small = try StoredTorrent(
      files: [("a", 10), ("b", 10), ("none", 0), ("c", 10), ("d", 40)], pieceLength: 64)
    let disk = MemoryFileSystem()
    small.place(["T/a", "T/none", "T/c"], on: disk)
    func report(_ files: [Int]) throws -> VerificationReport {
      let storage = small.storage(disk) {
        $0.readsNeighbours = true
        $0.selection = FileSelection(files)
      }
      _ = try storage.inspect(trustsState: false)
      return storage.report(verified: try storage.check())
    }
    let some = try report([0, 2, 3])
    #expect(some.isIntact && some.unprovenPieces.map(\.value) == [0])
    #expect(some.files.map(\.condition) == [.unproven, .intact, .unproven])
    // An empty file has no byte to check: it is there or it is not.
    disk.delete("T/none")
    #expect(try report([2]).files.map(\.condition) == [.missing])
  }

  @Test func paddingBesideAChosenFileNeedsNoProof() throws {
    let padded = try StoredTorrent(
      files: [("a", 40, ""), (".pad/24", 24, "p"), ("b", 100, "")], pieceLength: 64)
    let disk = MemoryFileSystem()
    padded.place(["T/a"], on: disk)
    func report() throws -> VerificationReport {
      let storage = padded.storage(disk) {
        $0.readsNeighbours = true
        $0.selection = FileSelection([0])
      }
      _ = try storage.inspect(trustsState: false)
      return storage.report(verified: try storage.check())
    }
    #expect(try report().files.map(\.condition) == [.intact])
    var bytes = padded.bytes(ofFile: "T/a")
    bytes[0] ^= 1
    disk.put("T/a", bytes)
    let wrong = try report()
    #expect(wrong.badPieces.map(\.piece.value) == [0] && wrong.unprovenPieces.isEmpty)
  }

  @Test func aFinishedDownloadOfChosenFilesIsInOrder() throws {
    for files in [[0], [1], [2], [0, 2], [0, 1], [0, 1, 2]] {
      let disk = MemoryFileSystem()
      let (storage, _) = try stored.begin(disk) {
        $0.selection = FileSelection(files)
      }
      try stored.write(stored.pieces.filter { storage.wanted.contains($0) }, to: storage)
      try storage.finish()
      try storage.close()
      let check = stored.storage(disk) {
        $0.readsNeighbours = true
        $0.selection = FileSelection(files)
      }
      _ = try check.inspect(trustsState: false)
      let report = check.report(verified: try check.check())
      #expect(report.isIntact, "\(files): \(report)")
      #expect(report.unprovenPieces.isEmpty == (files.count == 3), "\(files)")
      try check.close()
    }
  }
}
