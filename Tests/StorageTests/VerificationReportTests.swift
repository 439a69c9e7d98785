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
    #expect(second.badPieces.map(\.piece.value) == [1])
    #expect(second.files.map(\.condition) == [.unsure])
    #expect(disk.changes == 0)
  }
}
