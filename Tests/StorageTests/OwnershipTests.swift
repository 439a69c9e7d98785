import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// Files are ours only with a proof, because their names are chosen by strangers.
@Suite struct OwnershipTests {
  private let disk = MemoryFileSystem()
  /// Pieces 0 and 1 are a, 2 and 3 are b, 4 is c.
  private let stored: StoredTorrent

  init() throws {
    stored = try StoredTorrent(files: [("a", 128), ("b", 128), ("c", 64)], pieceLength: 64)
  }

  /// A run that writes some pieces, saves its state, writes some more and is killed.
  private func kill(after listed: [Int], then more: [Int] = []) throws {
    let (storage, _) = try stored.begin(disk)
    try stored.write(listed.map { PieceIndex($0) }, to: storage)
    try storage.saveProgress(verified: stored.set(listed))
    try stored.write(more.map { PieceIndex($0) }, to: storage)
    try storage.close()
  }

  private func expectRefusal(of path: String, on disk: MemoryFileSystem? = nil) {
    let disk = disk ?? self.disk
    let changes = disk.changes
    let error = StorageError.outputExists(path: "out/" + path)
    #expect(throws: error) { try stored.begin(disk) }
    #expect(disk.changes == changes)
  }

  // MARK: - Files that only have the right name

  @Test(arguments: ["mine", "", "swift-torrent state 3\n", "d6:format19:swift-torrent statee"])
  func fileWithTheNameOfTheStateGivesNoRightToAnyFile(text: String) {
    disk.put("T.swift-torrent", Array(text.utf8))
    disk.put("T/a", Array("notes".utf8))
    expectRefusal(of: "T/a")
    disk.delete("T/a")
    let changes = disk.changes
    #expect(throws: StorageError.foreignState(path: "out/T.swift-torrent")) {
      try stored.begin(disk)
    }
    #expect(disk.changes == changes)
    #expect(disk.bytes("T.swift-torrent") == Array(text.utf8))
  }

  @Test func damagedStateThatWasNotCutProvesNothing() throws {
    try kill(after: [0, 2])
    let state = try #require(disk.bytes("T.swift-torrent"))
    var flipped = state
    flipped[state.count / 2] ^= 1
    for damaged in [state + [0], flipped, Array(state.dropFirst())] {
      disk.put("T.swift-torrent", damaged)
      expectRefusal(of: "T/a")
    }
  }

  /// A stranger can compute the state that a run would leave, and have it downloaded before.
  @Test(arguments: [true, false])
  func stateThatAStrangerMadeGivesNoRightToTheUsersFile(listsPieces: Bool) throws {
    let elsewhere = MemoryFileSystem()
    let (storage, _) = try stored.begin(elsewhere)
    if listsPieces {
      try stored.write(stored.pieces.prefix(4), to: storage)
      try storage.saveProgress(verified: stored.set(0..<4))
    }
    try storage.close()
    disk.put("T/a", Array("the user's notes".utf8))
    disk.put("T.swift-torrent", try #require(elsewhere.bytes("T.swift-torrent")))
    expectRefusal(of: "T/a")
  }

  @Test func partFileOfTheUserIsNeverTouched() throws {
    disk.put("T.swift-torrent-part", Array("mine".utf8))
    try stored.complete(disk)
    #expect(disk.bytes("T.swift-torrent-part") == Array("mine".utf8))
    #expect(disk.paths == ["T.swift-torrent-part", "T/a", "T/b", "T/c"])
  }

  @Test func partFileThatTheUserPutInPlaceOfOursIsNotTouched() throws {
    let stored = try StoredTorrent(files: [("a", 96), ("b", 96)], pieceLength: 64)
    func begin() throws(StorageError) -> (storage: TorrentStorage, verified: Bitfield) {
      try stored.begin(disk) { $0.selection = FileSelection([0]) }
    }
    let (storage, _) = try begin()
    try stored.write([PieceIndex(1)], to: storage)
    try storage.suspend(verified: stored.set([1]))
    try storage.close()
    disk.delete("T.swift-torrent-part")
    disk.put("T.swift-torrent-part", Array("mine".utf8))
    #expect(throws: StorageError.foreignState(path: "out/T.swift-torrent-part")) { try begin() }
    try stored.complete(disk)
    #expect(disk.bytes("T.swift-torrent-part") == Array("mine".utf8))
  }

  @Test func fileThatTakesThePlaceOfThePartFileDuringTheRunIsKept() throws {
    let stored = try StoredTorrent(files: [("a", 96), ("b", 96)], pieceLength: 64)
    let (storage, _) = try stored.begin(disk) { $0.selection = FileSelection([0]) }
    try stored.write([0, 1].map { PieceIndex($0) }, to: storage)
    disk.delete("T.swift-torrent-part")
    disk.put("T.swift-torrent-part", Array("mine".utf8))
    try storage.finish()
    #expect(disk.paths == ["T.swift-torrent-part", "T/a"])
    #expect(disk.bytes("T.swift-torrent-part") == Array("mine".utf8))
  }

  @Test func filesOfTheUserBesideTheStateAreKept() throws {
    let mine = Array("mine".utf8)
    for name in ["~", "~1", "~2"] { disk.put("T.swift-torrent" + name, mine) }
    try stored.complete(disk)
    for name in ["~", "~1", "~2"] {
      #expect(disk.bytes("T.swift-torrent" + name) == mine)
      disk.delete("T.swift-torrent" + name)
    }
    #expect(stored.isExactly(on: disk))
  }

  // MARK: - Files that a record proves

  @Test func fileMadeAfterTheRecordWasSavedIsOurs() throws {
    try kill(after: [0], then: [2, 4])
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func fileMadeLongAfterAKillIsNotOurs() throws {
    try kill(after: [0])
    disk.wait(seconds: 60)
    disk.put("T/b", Array("the user's notes".utf8))
    expectRefusal(of: "T/b")
  }

  @Test func fileMadeAfterAGoodEndIsNotOurs() throws {
    let (storage, _) = try stored.begin(disk)
    try stored.write([PieceIndex(0)], to: storage)
    try storage.suspend(verified: stored.set([0]))
    try storage.close()
    disk.put("T/b", Array("the user's notes".utf8))
    expectRefusal(of: "T/b")
  }

  @Test(arguments: [true, false])
  func fileThatReplacedOursIsNotOursEvenWithItsNumber(reusesNumber: Bool) throws {
    try kill(after: [0, 2])
    disk.wait(seconds: 60)
    if reusesNumber {
      disk.replaceReusingNumber("T/b", Array(repeating: 1, count: 128))
    } else {
      disk.delete("T/b")
      disk.put("T/b", Array(repeating: 1, count: 128))
    }
    expectRefusal(of: "T/b")
  }

  @Test(arguments: [true, false])
  func withoutTimesOfBirthTheNumberAndTheFactsProve(isLate: Bool) throws {
    disk.forgetBirths()
    try kill(after: [0, 2], then: [3])
    if isLate {
      disk.wait(seconds: 60)
      disk.put("T/b", Array(repeating: 1, count: 128))
      expectRefusal(of: "T/b")
    } else {
      try stored.complete(disk)
      #expect(stored.isExactly(on: disk))
    }
  }

  @Test func wholeFileThatTheUserEditedIsTheUsers() throws {
    try kill(after: [0, 1, 2])
    disk.put("T/a", Array(repeating: 1, count: 128))
    expectRefusal(of: "T/a")
  }

  @Test func wholeFileThatLostItsBytesInAPowerCutIsFetchedAgain() throws {
    try kill(after: [0, 1, 2])
    let time = try #require(disk.time(of: "T/a"))
    disk.put("T/a", Array(repeating: 0, count: 128))
    disk.setTime(of: "T/a", to: time)
    disk.restart()
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  // MARK: - Copies, and records that were cut short

  @Test(arguments: [true, false])
  func folderCopiedToAnotherDiskGoesOn(keepingTimes: Bool) throws {
    try kill(after: [0, 2], then: [4])
    let copy = disk.copy(keepingTimes: keepingTimes)
    let inspection = try stored.storage(copy).inspect()
    #expect(inspection.trusted.isEmpty)
    let again = disk.copy(keepingTimes: keepingTimes)
    let (storage, verified) = try stored.begin(again)
    #expect(verified == stored.set([0, 2, 4]))
    try stored.write([1, 3].map { PieceIndex($0) }, to: storage)
    try storage.finish()
    #expect(stored.isExactly(on: again))
  }

  @Test func copyWithoutTimesWhoseListedPieceIsWrongIsNotOurs() throws {
    try kill(after: [0, 2, 3])
    let copy = disk.copy(keepingTimes: false)
    var bytes = stored.bytes(ofFile: "T/a")
    bytes[0] ^= 1
    copy.put("T/a", bytes)
    expectRefusal(of: "T/a", on: copy)
  }

  @Test func emptyRoomInACopyIsOurs() throws {
    let (storage, _) = try stored.begin(disk) { $0.preallocation = .full }
    try storage.close()
    let copy = disk.copy(keepingTimes: false)
    try stored.complete(copy)
    #expect(stored.isExactly(on: copy))
  }

  @Test func recordThatWasCutShortIsOursAndItsFilesAreChecked() throws {
    try kill(after: [0, 2])
    let state = try #require(disk.bytes("T.swift-torrent"))
    let zeroed = state.prefix(100) + [UInt8](repeating: 0, count: state.count - 100)
    for cut in [Array(state.dropLast()), Array(state.prefix(63)), Array(zeroed)] {
      let disk = self.disk.copy(keepingTimes: true)
      disk.put("T.swift-torrent", cut)
      let inspection = try stored.storage(disk).inspect()
      #expect(inspection.trusted.isEmpty)
      #expect(inspection.doubtful == stored.set(0..<4))
      let again = disk.copy(keepingTimes: true)
      try stored.complete(again)
      #expect(stored.isExactly(on: again))
    }
  }

  @Test func recordThatWasCutShortGivesNoRightToAFileWithOtherBytes() throws {
    try kill(after: [0])
    let state = try #require(disk.bytes("T.swift-torrent"))
    disk.put("T.swift-torrent", Array(state.dropLast()))
    disk.put("T/b", Array("the user's notes".utf8))
    expectRefusal(of: "T/b")
  }

  @Test func copiedFileThatIsNotWantedNowIsNotForgotten() throws {
    try kill(after: [2])
    let copy = disk.copy(keepingTimes: false)
    let (storage, _) = try stored.begin(copy) { $0.selection = FileSelection([0]) }
    try stored.write([0, 1].map { PieceIndex($0) }, to: storage)
    try storage.finish()
    try storage.close()
    // The file b is not whole, and the state says so; later its content proves it ours.
    #expect(copy.paths == ["T.swift-torrent", "T/a", "T/b"])
    try stored.complete(copy)
    #expect(stored.isExactly(on: copy))
  }
}
