import Foundation
import TestSupport
import Testing

/// Words that are wrong in most places: each use in the sources is counted and known.
@Suite struct RiskyWordTests {
  /// The uses that were looked at, by word and file.
  ///
  /// A new one needs its row here, and the reason in a comment at most three lines above it.
  private static let known: [String: [String: Int]] = [
    "Task {": [:],
    "Task(": [
      "Sources/CLI/CommandLineTool.swift": 1, "Sources/Download/Torrent/Torrent.swift": 1,
    ],
    "Task.detached": [:],
    "@unchecked Sendable": [
      "Sources/Download/Pieces/PieceBuffers.swift": 1,
      "Sources/HTTP/System/HTTPSessionDelegate.swift": 1,
      "Sources/HTTP/System/URLSessionHop.swift": 1,
      "Sources/Networking/ThreadWorkerPool.swift": 1,
    ],
    "try?": [
      "Sources/Download/Torrent/OutputPreparation.swift": 2,
      "Sources/Platform/Interrupts.swift": 1,
      "Sources/Storage/FileTable.swift": 1,
      "Sources/Storage/NameProbe.swift": 7,
      "Sources/Storage/PartFile.swift": 1,
      "Sources/Storage/StateFile.swift": 2,
      "Sources/Storage/StateRecord.swift": 1,
      "Sources/Tracker/Protocol/TrackerURL.swift": 1,
    ],
    "try!": [:],
    "fatalError": [:],
  ]

  @Test(arguments: known.keys.sorted())
  func everyUseIsKnown(word: String) throws {
    var found: [String: Int] = [:]
    for file in try SourceFile.all(below: "Sources") {
      let count = file.code.reduce(0) { $0 + Self.uses(of: word, in: $1) }
      if count > 0 { found[file.path] = count }
    }
    let known = Self.known[word] ?? [:]
    #expect(found == known, "uses of '\(word)' have changed: review them and this table")
  }

  @Test(arguments: known.keys.sorted())
  func everyUseHasItsReasonInAComment(word: String) throws {
    for file in try SourceFile.all(below: "Sources") {
      for (number, line) in file.code.enumerated() where Self.uses(of: word, in: line) > 0 {
        let around = file.lines[max(0, number - 3)...number]
        #expect(
          around.contains { $0.contains("//") }, "\(file.path):\(number + 1): '\(word)' says no why"
        )
      }
    }
  }

  /// The number of uses of a word in a line, without those as the end of a longer one (`addTask
  /// {`).
  private static func uses(of word: String, in line: String) -> Int {
    let parts = line.components(separatedBy: word)
    return parts.dropLast().filter { before in
      !(before.last.map { $0.isLetter || $0 == "_" } ?? false)
    }.count
  }
}
