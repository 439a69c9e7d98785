import Bencode

/// Torrents that must be rejected, one for each defect.
package enum BadTorrents {
  /// All fixtures of this kind.
  package static let all = malformed + wrongFields + wrongFiles + wrongPieces

  /// The content of a sound `info` dictionary, as text.
  private static let soundInfo =
    "6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaa"

  // MARK: - Not bencoded data (exit status 25)

  private static func malformed(
    _ name: String, _ text: String, _ message: String
  ) -> TorrentFixture {
    .refused(name, Array(text.utf8), status: 25, "not valid bencoded data: " + message)
  }

  private static let malformed = [
    malformed("empty", "", "unexpected end of data at byte 0"),
    malformed(
      "not_bencode", "<!DOCTYPE html><title>404</title>", "unexpected character '<' at byte 0"),
    malformed(
      "leading_zero", "d4:infod6:lengthi01eee",
      "a number with a leading zero at byte 17 in info.length"),
    malformed(
      "minus_zero", "d4:infod6:lengthi-0eee", "the number -0 at byte 16 in info.length"),
    malformed(
      "integer_overflow", "d4:infod6:lengthi9223372036854775808eee",
      "a number that is too large at byte 16 in info.length"),
    malformed(
      "not_a_number", "d4:infod6:lengthi1.5eee",
      "unexpected character '.' at byte 18 in info.length"
    ),
    malformed(
      "empty_number", "d4:infod6:lengthieee", "a number without digits at byte 17 in info.length"),
    malformed(
      "duplicate_key", "d4:infod\(soundInfo)e4:infod\(soundInfo)ee",
      "the duplicate key \"info\" at byte 82"),
    malformed(
      "duplicate_key_unsorted", "d4:infod4:name1:x6:lengthi1e4:name1:yee",
      "the duplicate key \"name\" at byte 28 in info"),
    malformed("truncated", "d4:infod\(soundInfo)e", "unexpected end of data at byte 82"),
    malformed(
      "string_past_end", "d4:infod4:name9999:x",
      "a string of 9999 bytes that runs past the end at byte 14 in info.name"),
    malformed(
      "negative_string_length", "d4:infod4:name-1:xee",
      "unexpected character '-' at byte 14 in info.name"),
    malformed(
      "leading_zero_in_string_length", "d4:infod4:name01:xee",
      "a number with a leading zero at byte 14 in info.name"),
    malformed("key_not_string", "di1ei2ee", "a dictionary key that is not a string at byte 1"),
    malformed(
      "missing_value", "d4:infod4:nameee",
      "a dictionary key without a value at byte 14 in info.name"
    ),
    .refused(
      "too_deep", Array(String(repeating: "l", count: 200).utf8), status: 25,
      "not valid bencoded data: nesting deeper than 100 levels at byte 100 in "
        + String(repeating: "[0]", count: 12) + "…"),
  ]

  // MARK: - Not a torrent (exit status 26)

  private static func wrong(
    _ name: String, _ bytes: [UInt8], _ message: String
  ) -> TorrentFixture {
    .refused(name, bytes, status: 26, message)
  }

  private static func single(
    _ name: String, _ key: BencodeBytes, _ value: BencodeTree?, _ message: String
  ) -> TorrentFixture {
    wrong(name, TorrentFixture.single([key: value]), message)
  }

  private static func outer(_ tree: BencodeTree) -> [UInt8] { tree.encodedBytes }

  private static let wrongFields = [
    wrong("string", outer("hello"), "the top-level value is not a dictionary"),
    wrong("list", outer([1, 2]), "the top-level value is not a dictionary"),
    wrong(
      "missing_info", outer(["announce": "http://192.0.2.1/announce"]),
      "the field \"info\" is missing"),
    wrong("invalid_info", outer(["info": "x"]), "the field \"info\" is not a dictionary"),
    single(
      "missing_piece_len", "piece length", nil, "the field \"info.piece length\" is missing"),
    single(
      "invalid_piece_len", "piece length", "16384",
      "the field \"info.piece length\" is not an integer"),
    single(
      "negative_piece_len", "piece length", -16384, "the piece length -16384 is out of range"),
    single("zero_piece_len", "piece length", 0, "the piece length 0 is out of range"),
    single(
      "huge_piece_len", "piece length", 1_073_741_824,
      "the piece length 1073741824 is out of range"),
    single("no_name", "name", nil, "the field \"info.name\" is missing"),
    single("bad_name", "name", 1, "the field \"info.name\" is not a string"),
    single("invalid_name", "name", ["x"], "the field \"info.name\" is not a string"),
    wrong(
      "v2_only",
      TorrentFixture.single([
        "pieces": nil, "length": nil, "meta version": 2,
        "file tree": [
          "x": ["": ["length": 1, "pieces root": .bytes(repeatElement(97, count: 32))]]
        ],
      ]),
      "the torrent is a BitTorrent v2 torrent without v1 hashes"),
  ]

  // MARK: - Wrong files

  private static func multi(
    _ name: String, _ files: BencodeTree?, _ message: String
  ) -> TorrentFixture {
    wrong(name, TorrentFixture.multi(["files": files]), message)
  }

  private static let wrongFiles = [
    single("missing_size", "length", nil, "the field \"info.length\" is missing"),
    single("negative_size", "length", -1, "the field \"info.length\" is negative"),
    single("invalid_size", "length", "1", "the field \"info.length\" is not an integer"),
    single("zero", "length", 0, "the files contain no data"),
    multi(
      "zero2", [["length": 0, "path": ["a"]], ["length": 0, "path": ["b"]]],
      "the files contain no data"),
    multi("no_files", [], "the list of files is empty"),
    multi("invalid_files", ["a": 1], "the field \"info.files\" is not a list"),
    multi("invalid_file", ["a"], "the field \"info.files[0]\" is not a dictionary"),
    multi(
      "missing_file_size", [["path": ["a"]]], "the field \"info.files[0].length\" is missing"),
    multi(
      "invalid_file_size", [["length": "1", "path": ["a"]]],
      "the field \"info.files[0].length\" is not an integer"),
    multi(
      "negative_file_size", [["length": 2, "path": ["a"]], ["length": -1, "path": ["b"]]],
      "the field \"info.files[1].length\" is negative"),
    multi(
      "file_size_overflow",
      [["length": .integer(.max), "path": ["a"]], ["length": .integer(.max), "path": ["b"]]],
      "the total length of the files is too large"),
    multi("missing_path_list", [["length": 1]], "the field \"info.files[0].path\" is missing"),
    multi(
      "invalid_path_list", [["length": 1, "path": "a"]],
      "the field \"info.files[0].path\" is not a list"),
    multi(
      "invalid_path_element", [["length": 1, "path": ["a", 1]]],
      "the field \"info.files[0].path\" is not a list of strings"),
    multi(
      "empty_path_list", [["length": 1, "path": []]],
      "the field \"info.files[0].path\" has no elements"),
    multi(
      "deep_path", [["length": 1, "path": .list(Array(repeating: "a", count: 102))]],
      "the field \"info.files[0].path\" has more than 100 folders"),
    multi(
      "invalid_symlink", [["length": 1, "path": ["a"]], ["attr": "l", "path": ["b"]]],
      "the field \"info.files[1].symlink path\" is missing"),
    multi(
      "invalid_symlink_target",
      [["length": 1, "path": ["a"]], ["attr": "l", "path": ["b"], "symlink path": "a"]],
      "the field \"info.files[1].symlink path\" is not a list"),
  ]

  // MARK: - Wrong pieces

  private static let wrongPieces = [
    single("missing_pieces", "pieces", nil, "the field \"info.pieces\" is missing"),
    single("invalid_pieces", "pieces", ["a"], "the field \"info.pieces\" is not a string"),
    single(
      "unaligned_pieces", "pieces", .bytes(repeatElement(97, count: 21)),
      "the field \"info.pieces\" has 21 bytes, which is not a whole number of hashes"),
    single("empty_pieces", "pieces", "", "the torrent has 0 hashes for 1 pieces"),
    single(
      "too_many_hashes", "pieces", TorrentFixture.hashes(2),
      "the torrent has 2 hashes for 1 pieces"),
    wrong(
      "too_few_hashes", TorrentFixture.single(["length": 16385]),
      "the torrent has 1 hashes for 2 pieces"),
    wrong(
      "many_pieces", TorrentFixture.single(["length": .integer(16384 * 0x20_0000 + 1)]),
      "the torrent has more than 2097152 pieces"),
    wrong(
      "enormous_size", TorrentFixture.single(["length": .integer(.max)]),
      "the torrent has more than 2097152 pieces"),
  ]
}
