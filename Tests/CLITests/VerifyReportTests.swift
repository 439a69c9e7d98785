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

  /// The report on a check that found these pieces bad and the files in these conditions.
  private func report(
    bad: [Int], unproven: [(piece: Int, files: [Int])] = [],
    _ files: [(VerificationReport.Condition, badPieces: Int)]
  ) throws -> VerifyReport {
    let torrent = try torrent()
    let found = VerificationReport(
      pieceCount: 5, totalBytes: 65546,
      badPieces: bad.map { .init(piece: PieceIndex($0), files: []) },
      unprovenPieces: unproven.map { PieceIndex($0.piece) },
      files: zip(torrent.layout.files, files).map { file, found in
        .init(
          index: file.index, path: file.displayPath, length: file.length, condition: found.0,
          badPieceCount: found.badPieces,
          unprovenPieceCount: unproven.count { $0.files.contains(file.index) },
          pieceCount: torrent.layout.pieces(ofFile: file.index).count)
      })
    return VerifyReport(torrent: torrent, folder: "f", found: found)
  }

  @Test func badPiecesAreRangesAndTouchFiles() throws {
    let report = try report(bad: [1, 2, 4], [(.damaged, 2), (.unsure, 1), (.missing, 1)])
    #expect(report.text.contains("3 of 5 pieces do not match, 32 KiB of 64"))
    #expect(report.text.contains("bad pieces: 1-2, 4\n"))
    #expect(report.text.contains("  x/a: 2 bad pieces\n"))
    #expect(report.text.contains(": 1 bad piece, perhaps only because of neighbouring files\n"))
    #expect(report.text.contains("x/c: missing\n"))
    #expect(!report.text.contains("\u{1B}"))
    #expect(report.json.text.contains(#""verified_bytes":32768"#))
    #expect(report.json.text.contains(#""bad_pieces":[[1,2],[4,4]]"#))
    #expect(report.json.text.contains(#""fault":"unsure","length":24576,"bad_pieces":1"#))
    #expect(report.json.text.contains(#""fault":"missing","length":null"#))
  }

  @Test func aFileThatIsTooLongIsAFaultThoughAllItsPiecesMatch() throws {
    let report = try report(bad: [], [(.wrongLength(40961), 0), (.intact, 0), (.intact, 0)])
    #expect(report.text.contains("  x/a: 40961 bytes long instead of 40960\n"))
    #expect(report.json.text.contains(#""complete":false"#))
    #expect(report.json.text.contains(#""fault":"size","length":40961"#))
  }

  @Test func whatCannotBeCheckedIsToldApartAndNoFault() throws {
    let report = try report(
      bad: [], unproven: [(2, [0, 1]), (4, [2])], [(.unproven, 0), (.unproven, 0), (.unproven, 0)])
    #expect(
      report.text == """
        x: 48 KiB verified without errors; 2 of 5 pieces cannot be checked (16.0 KiB)
        pieces that cannot be checked: 2, 4
        (they extend into files that are not selected)
          x/a: 1 of 3 pieces cannot be checked
          x/b\u{FFFD}: 1 of 2 pieces cannot be checked
          x/c: none of it can be checked

        """)
    let json = report.json.text
    #expect(json.contains(#""complete":true,"total_bytes":65546,"verified_bytes":49152"#))
    #expect(json.contains(#""bad_pieces":[],"bad_files":[]"#))
    #expect(json.contains(#""unchecked_bytes":16394,"unchecked_pieces":[[2,2],[4,4]]"#))
    #expect(json.contains(#"{"number":3,"path":"x/c","piece_count":1,"unchecked_pieces":1}"#))
  }

  @Test func whatIsWrongStaysWrongBesideWhatCannotBeChecked() throws {
    let report = try report(
      bad: [0], unproven: [(2, [0, 1])], [(.damaged, 1), (.unproven, 0), (.intact, 0)])
    #expect(report.text.contains("1 of 5 pieces do not match, 32.0 KiB of 64.0 KiB verified\n"))
    #expect(report.text.contains("bad pieces: 0\npieces that cannot be checked: 2\n"))
    #expect(report.text.contains("  x/a: 1 bad piece, 1 of 3 pieces cannot be checked\n"))
    let json = report.json.text
    #expect(json.contains(#""complete":false"#) && json.contains(#""bad_pieces":[[0,0]]"#))
    #expect(json.contains(#""bad_files":[{"number":1,"#))
  }

  @Test func whenNothingCanBeCheckedNothingIsCalledVerified() throws {
    let report = try report(
      bad: [], unproven: (0..<5).map { ($0, [0]) }, [(.unproven, 0), (.intact, 0), (.intact, 0)])
    #expect(report.text.hasPrefix("x: nothing verified: 5 of 5 pieces cannot be checked"))
    #expect(!report.text.contains("all "))
  }

  @Test func whatIsWholeIsComplete() throws {
    let report = try report(bad: [], [(.intact, 0), (.intact, 0), (.intact, 0)])
    #expect(report.text == "x: all 64.0 KiB verified\n")
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
