import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// What one run leaves for the next.
@Suite struct ResumeTests {
  private let disk = MemoryFileSystem()
  private let stored: StoredTorrent

  init() throws {
    stored = try StoredTorrent(files: [("a", 128), ("b", 128), ("c", 64)], pieceLength: 64)
  }

  /// A run that writes some pieces and ends, with or without saying so.
  private func interrupt(after numbers: Range<Int>, saving: Bool = true) throws {
    let (storage, _) = try stored.begin(disk)
    try stored.write(numbers.map { PieceIndex($0) }, to: storage)
    if saving { try storage.saveProgress(verified: stored.set(numbers)) }
    try storage.close()
  }

  @Test(arguments: [true, false])
  func nextRunUsesWhatIsThereAndCompletes(saving: Bool) throws {
    try interrupt(after: 1..<3, saving: saving)
    let (storage, verified) = try stored.begin(disk)
    #expect(verified == stored.set(1..<3))
    try stored.write([0, 3, 4].map { PieceIndex($0) }, to: storage)
    try storage.finish()
    #expect(stored.isExactly(on: disk))
  }

  @Test func inspectionTellsOurFilesFromOthers() throws {
    try interrupt(after: 0..<3)
    disk.put("T/c", [1])
    let inspection = try stored.storage(disk).inspect()
    #expect(
      inspection.files == [.foreign(size: 128), .unfinished(size: 128), .unfinished(size: 1)])
    #expect(inspection.mayHaveData)
  }

  @Test func nothingOnDiskMeansNothingToCheck() throws {
    #expect(try !stored.storage(disk).inspect().mayHaveData)
  }

  @Test func finishedFileOfOursIsForeignWhenItChangesLater() throws {
    try interrupt(after: 0..<2)
    disk.put("T/a", Array(repeating: 1, count: 128))
    #expect(throws: StorageError.outputExists(path: "out/T/a")) { try stored.begin(disk) }
  }

  @Test func fileOfOursThatVanishedIsMadeAgain() throws {
    try interrupt(after: 0..<5)
    disk.delete("T/b")
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func fileOfOursThatIsTooLongIsCut() throws {
    try interrupt(after: 0..<1)
    disk.put("T/a", stored.bytes(ofFile: "T/a") + [1, 2, 3])
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func runThatDiedAfterTheLastPieceIsCleanedUp() throws {
    try interrupt(after: 0..<5, saving: false)
    #expect(disk.paths.contains("T.swift-torrent"))
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func damagedStateMeansThatEverythingIsChecked() throws {
    try interrupt(after: 0..<3)
    let state = try #require(disk.bytes("T.swift-torrent"))
    var flipped = state
    flipped[state.count / 2] ^= 1
    for damaged in [Array(state.dropLast()), state + [0], Array("no".utf8), [], flipped] {
      disk.put("T.swift-torrent", damaged)
      let storage = stored.storage(disk)
      let inspection = try storage.inspect()
      #expect(inspection.trusted.isEmpty)
      #expect(inspection.doubtful == stored.set(0..<4))
      #expect(inspection.files == [.unfinished(size: 128), .unfinished(size: 128), .missing])
      #expect(try storage.check() == stored.set(0..<3))
      try storage.close()
    }
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func noDamageToTheStateIsTrusted() throws {
    try interrupt(after: 0..<3)
    let state = try #require(disk.bytes("T.swift-torrent"))
    var random = SeededRandom(seed: 7)
    for round in 0..<(state.count + 300) {
      var damaged = Array(state.prefix(round))
      if round >= state.count {
        damaged = state
        let position = Int.random(in: 0..<state.count, using: &random)
        damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
      disk.put("T.swift-torrent", damaged)
      let storage = stored.storage(disk)
      do {
        #expect(try storage.inspect().trusted.isEmpty)
      } catch {
        #expect(error == .foreignState(path: "out/T.swift-torrent"))
      }
      try storage.close()
    }
  }

  @Test func stateOfAnotherTorrentIsRefused() throws {
    let other = try StoredTorrent(files: [("z", 128)], pieceLength: 64, seed: 5)
    let (storage, _) = try other.begin(disk)
    try storage.close()
    #expect(throws: StorageError.foreignState(path: "out/T.swift-torrent")) {
      try stored.begin(disk)
    }
  }

  @Test func emptyStateOfARunThatDiedAtOnceIsTakenOver() throws {
    disk.put("T.swift-torrent", [])
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func leftoverOfAnInterruptedSaveIsReplaced() throws {
    try interrupt(after: 0..<1)
    disk.put("T.swift-torrent~", Array("half".utf8))
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func otherPeoplesFileBesideTheStateIsKept() throws {
    disk.put("T.swift-torrent~", Array("mine".utf8))
    #expect(throws: StorageError.foreignState(path: "out/T.swift-torrent~")) {
      try stored.begin(disk)
    }
    #expect(disk.bytes("T.swift-torrent~") == Array("mine".utf8))
  }

  @Test func secondRunIsLockedOutUntilTheFirstEnds() throws {
    let (first, _) = try stored.begin(disk)
    let second = stored.storage(disk)
    #expect(throws: StorageError.locked(path: "out/T.swift-torrent")) { try second.inspect() }
    try first.saveProgress(verified: stored.none)
    #expect(throws: StorageError.locked(path: "out/T.swift-torrent")) { try second.inspect() }
    try first.close()
    _ = try second.inspect()
  }

  @Test func ofTwoRunsThatBeginAtOnceOneGoesOn() throws {
    let (first, second) = (stored.storage(disk), stored.storage(disk))
    _ = try first.inspect()
    _ = try second.inspect()
    try first.prepare(verified: stored.none)
    #expect(throws: StorageError.locked(path: "out/T.swift-torrent")) {
      try second.prepare(verified: stored.none)
    }
  }

  @Test func runThatCannotWriteItsStateLeavesNothing() throws {
    let full = FaultyFileSystem(disk, fullAfter: 10)
    #expect(throws: StorageError.diskFull(path: "out/T.swift-torrent")) { try stored.begin(full) }
    #expect(disk.paths.isEmpty)
  }

  @Test func failedSaveKeepsTheOlderState() throws {
    let full = FaultyFileSystem(disk)
    let (storage, _) = try stored.begin(full)
    let before = disk.bytes("T.swift-torrent")
    full.setBytesLeft(10)
    #expect(throws: StorageError.diskFull(path: "out/T.swift-torrent")) {
      try storage.saveProgress(verified: stored.set([0]))
    }
    #expect(disk.paths == ["T.swift-torrent"])
    #expect(disk.bytes("T.swift-torrent") == before)
    full.setBytesLeft(nil)
    try storage.saveProgress(verified: stored.set([0]))
    #expect(disk.bytes("T.swift-torrent") != before)
  }

  @Test func stateIsCanonicalBencode() throws {
    try interrupt(after: 0..<2)
    let state = try #require(disk.bytes("T.swift-torrent"))
    let text = String(decoding: state, as: UTF8.self)
    #expect(text.hasPrefix("d4:boot3:one5:cleani0e6:digest20:"))
    #expect(text.contains("6:format19:swift-torrent state9:info hash20:"))
    #expect(text.contains("8:selected1:"))
    #expect(text.contains("6:stamps96:"))
    #expect(
      state.suffix(28).elementsEqual(":\u{60}8:verified1:".utf8 + [0xC0] + "7:versioni2ee".utf8))
  }
}
