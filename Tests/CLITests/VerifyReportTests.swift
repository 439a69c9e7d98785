import CLI
import Metainfo
import Primitives
@testable import Storage
import Testing

@Suite struct VerifyReportTests {
  /// Three files over five pieces: `a` has the first two and a half.
  private func torrent() throws -> TorrentMetainfo {
    var builder = TorrentBuilder(name: "x", pieceLength: 16384)
    builder.addFile(path: ["a"], length: 40960)
    builder.addFile(path: ["b\u{1B}"], length: 24576)
    builder.addFile(path: ["c"], length: 10)
    return try TorrentMetainfo(
      bytes: builder.torrent(content: [UInt8](repeating: 7, count: 65546)))
  }

  private func findings(
    _ verified: [Int], _ files: [Inspection.Presence]
  ) throws -> VerifyFindings {
    var pieces = Bitfield(count: 5)
    for number in verified { pieces.insert(PieceIndex(number)) }
    return VerifyFindings(
      torrent: try torrent(),
      inspection: Inspection(
        files: files, trusted: Bitfield(count: 5), doubtful: Bitfield(count: 5, filled: true)),
      verified: pieces)
  }

  @Test func badPiecesAreRangesAndTouchFiles() throws {
    let found = try findings(
      [0, 3], [.foreign(size: 40960), .unfinished(size: 24576), .missing])
    #expect(!found.isComplete)
    #expect(found.badPieces == [1...2, 4...4])
    #expect(found.verifiedBytes == 32768)
    #expect(found.faults.map(\.file) == [0, 1, 2])
    #expect(found.faults.map(\.fault) == [.data, .data, .missing])
    #expect(found.faults.map(\.badPieces) == [2, 1, 1])
    let report = VerifyReport(torrent: try torrent(), folder: "f", findings: found)
    #expect(report.text.contains("3 of 5 pieces do not match"))
    #expect(report.text.contains("bad pieces: 1-2, 4\n"))
    #expect(report.text.contains("  x/a: 2 bad pieces\n"))
    #expect(report.text.contains("x/c: missing\n"))
    #expect(!report.text.contains("\u{1B}"))
    #expect(report.json.text.contains(#""bad_pieces":[[1,2],[4,4]]"#))
    #expect(report.json.text.contains(#""fault":"missing""#))
  }

  @Test func aFileThatIsTooLongIsAFaultThoughAllItsPiecesMatch() throws {
    let found = try findings(
      [0, 1, 2, 3, 4], [.foreign(size: 40961), .foreign(size: 24576), .foreign(size: 10)])
    #expect(found.badPieces.isEmpty)
    #expect(found.faults.map(\.fault) == [.size])
    #expect(!found.isComplete)
  }

  @Test func whatIsWholeIsComplete() throws {
    let found = try findings(
      [0, 1, 2, 3, 4], [.foreign(size: 40960), .foreign(size: 24576), .foreign(size: 10)])
    #expect(found.isComplete)
    let report = VerifyReport(torrent: try torrent(), folder: "f", findings: found)
    #expect(
      report.text == "x: 64 KiB verified, all is well\n" || report.text.contains("all is well"))
    #expect(report.json.text.contains(#""complete":true"#))
  }
}

@Suite struct SelectionOptionsTests {
  private func chosen(
    patterns: [String] = [], numbers: String? = nil, exclusions: [String] = []
  ) throws -> [Int] {
    var builder = TorrentBuilder(name: "top", pieceLength: 16384)
    for path in [["a.txt"], ["sub", "b.txt"], ["sub", "c.iso"]] {
      builder.addFile(path: path, length: 10)
    }
    let bytes = builder.torrent(content: [UInt8](repeating: 7, count: 30))
    var options = SelectionOptions()
    options.patterns = patterns.compactMap { Glob($0) }
    options.numbers = numbers.flatMap { FileNumbers($0) }
    options.exclusions = exclusions.compactMap { Glob($0) }
    let selection = try options.selection(of: TorrentMetainfo(bytes: bytes))
    return (0..<3).filter { selection.contains($0) }
  }

  @Test func patternsAndNumbersAddUpAndExclusionsTakeAway() throws {
    #expect(try chosen() == [0, 1, 2])
    #expect(try chosen(patterns: ["*.txt"]) == [0, 1])
    #expect(try chosen(numbers: "3") == [2])
    #expect(try chosen(patterns: ["a*"], numbers: "2-3", exclusions: ["*.iso"]) == [0, 1])
    #expect(try chosen(exclusions: ["sub"]) == [0])
    #expect(try chosen(exclusions: ["top"]) == [0, 1, 2])
  }

  @Test func whatSelectsNothingIsRefused() {
    #expect(throws: CommandFailure.self) { try chosen(numbers: "4") }
    #expect(throws: CommandFailure.self) { try chosen(patterns: ["*.zip"]) }
    #expect(throws: CommandFailure.self) { try chosen(exclusions: ["*"]) }
  }
}

@Suite struct PieceLengthChoiceTests {
  private static let sizes: [(Int64, Int)] = [
    (1, 16384), (32_751_616, 16384), (32_768_000, 32768), (1_073_741_824, 1_048_576),
    (4_294_967_296, 4_194_304), (1_099_511_627_776, 16_777_216), (.max, 16_777_216),
  ]

  @Test(arguments: sizes)
  func thousandToTwoThousandPiecesAreTheAim(total: Int64, length: Int) {
    #expect(PieceLengthChoice.length(for: total) == length)
  }
}
