import Bencode

/// Torrents with unusual names or forms that must load, with paths inside the output folder.
package enum NastyTorrents {
  /// All fixtures of this kind.
  package static let all = climbing + characters + lengths + duplicates + entries + forms + oddBytes

  private static func path(
    _ name: String, _ components: [BencodeTree], _ safe: [String]
  ) -> TorrentFixture {
    .nasty(name, TorrentFixture.files([components]), [["x"] + safe])
  }

  private static func name(_ name: String, _ value: BencodeTree, _ safe: String) -> TorrentFixture {
    .nasty(name, TorrentFixture.single(["name": value]), [[safe]])
  }

  // MARK: - Names that lead elsewhere

  private static let climbing = [
    path("parent_path", ["..", "..", "a"], ["a"]),
    path("hidden_parent_path", ["b", "..", ".", "..", "a"], ["b", "a"]),
    path("only_parent_path", [".."], ["_"]),
    path("slash_path", ["../../a"], [".._.._a"]),
    path("slash_path2", ["b/../../c", "a"], ["b_.._.._c", "a"]),
    path("slash_path3", ["/", "a"], ["_", "a"]),
    path("backslash_path", ["..\\..\\a"], ["..\\..\\a"]),
    path("absolute_filename", ["/etc/passwd"], ["_etc_passwd"]),
    path("empty_path", [""], ["_"]),
    path("empty_path_multi", ["", "b", "", "a"], ["b", "a"]),
    name("parent_name", "..", "_"),
    name("empty_name", "", "_"),
    name("absolute_name", "/etc/passwd", "_etc_passwd"),
    name("climbing_name", "../../.ssh/authorized_keys", ".._.._.ssh_authorized_keys"),
    .nasty("parent_folder_name", TorrentFixture.multi(["name": ".."]), [["_", "a"]]),
  ]

  // MARK: - Characters

  private static let characters = [
    path("invalid_filename", [.bytes([0x61, 0xFF, 0x62])], ["a\u{FFFD}b"]),
    path(
      "invalid_filename2", [.bytes([0xC0, 0xAE, 0xC0, 0xAE, 0x2F, 0x61])],
      ["\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}_a"]),
    path("latin1_name", [.bytes([0x63, 0x61, 0x66, 0xE9])], ["caf\u{FFFD}"]),
    path("nul_character", ["a\0.txt"], ["a_.txt"]),
    path("control_characters", ["\u{1B}[2Ja\r\nb\u{7F}\u{85}"], ["\u{1B}[2Ja\r\nb\u{7F}\u{85}"]),
    path("bidi_characters", ["cod\u{202E}gpj.exe"], ["cod\u{202E}gpj.exe"]),
    path("tilde_and_quotes", ["~", "$HOME `id` 'a\"*?<>|:"], ["~", "$HOME `id` 'a\"*?<>|:"]),
    path("three_dots", ["...", "a"], ["...", "a"]),
    path("trailing_dots_and_spaces", ["b. ", " a . "], ["b. ", " a . "]),
    path("reserved_names", ["CON", "nul.txt"], ["CON", "nul.txt"]),
    path("leading_dash", ["-rf"], ["-rf"]),
  ]

  // MARK: - Lengths

  private static let lengths = [
    path(
      "long_name", [.bytes(String(repeating: "a", count: 300).utf8 + Array(".mkv".utf8))],
      [String(repeating: "a", count: 251) + ".mkv"]),
    path(
      "long_name_multibyte", [.bytes(String(repeating: "é", count: 200).utf8 + Array(".mkv".utf8))],
      [String(repeating: "é", count: 125) + ".mkv"]),
    path(
      "long_extension", [.bytes(("a." + String(repeating: "b", count: 300)).utf8)],
      ["a." + String(repeating: "b", count: 253)]),
    path(
      "deepest_path", Array(repeating: "a", count: 101), Array(repeating: "a", count: 101)),
  ]

  // MARK: - Names that are taken

  private static let duplicates = [
    .nasty(
      "duplicate_files", TorrentFixture.files([["a.txt"], ["a.txt"], ["a.txt"], ["a.1.txt"]]),
      [["x", "a.txt"], ["x", "a.1.txt"], ["x", "a.2.txt"], ["x", "a.1.1.txt"]]),
    .nasty(
      "duplicate_case", TorrentFixture.files([["b", "A"], ["B", "a"], ["b", "É"], ["b", "é"]]),
      [["x", "b", "A"], ["x", "B", "a"], ["x", "b", "É"], ["x", "b", "é"]]),
    .nasty(
      "duplicate_after_cleaning", TorrentFixture.files([["a/b"], ["a_b"], ["..", "a\\b"]]),
      [["x", "a_b"], ["x", "a_b.1"], ["x", "a\\b"]]),
    .nasty(
      "file_then_folder", TorrentFixture.files([["a"], ["a", "b"], ["a", "c"]]),
      [["x", "a"], ["x", "a.1", "b"], ["x", "a.1", "c"]]),
    .nasty(
      "folder_then_file", TorrentFixture.files([["a", "b"], ["a"], ["a", "c"]]),
      [["x", "a", "b"], ["x", "a.1"], ["x", "a", "c"]]),
    TorrentFixture.nasty(
      "duplicate_long_name",
      TorrentFixture.files(Array(repeating: [.bytes(repeatElement(97, count: 255))], count: 2)),
      [
        ["x", String(repeating: "a", count: 255)],
        ["x", String(repeating: "a", count: 253) + ".1"],
      ]),
  ]

  // MARK: - Kinds of entries

  private static func files(
    _ name: String, _ files: BencodeTree, _ paths: [[String]]
  ) -> TorrentFixture {
    .nasty(name, TorrentFixture.multi(["files": files]), paths)
  }

  private static let entries = [
    files(
      "overlapping_symlinks",
      [
        ["length": 1, "path": ["a", "b"]],
        ["attr": "l", "length": 0, "path": ["a"], "symlink path": ["..", "..", "etc"]],
        ["length": 1, "path": ["a", "c"]],
      ], [["x", "a", "b"], ["x", "a"], ["x", "a", "c"]]),
    files(
      "symlink_filtered_path",
      [
        ["attr": "l", "path": ["..", "a\0"], "symlink path": ["/etc/passwd"]],
        ["length": 1, "path": ["a_"]],
      ], [["x", "a_"], ["x", "a_"]]),
    files(
      "pad_files",
      [
        ["length": 10, "path": ["a"]], ["attr": "p", "length": 6, "path": [".pad", "6"]],
        ["length": 10, "path": ["b"]], ["attr": "p", "length": 6, "path": [".pad", "6"]],
      ], [["x", "a"], ["x", ".pad", "6"], ["x", "b"], ["x", ".pad", "6"]]),
    files(
      "pad_file_without_path",
      [["length": 10, "path": ["a"]], ["attr": "p", "length": 6]], [["x", "a"], ["x", ".pad"]]),
    files(
      "empty_files",
      [
        ["length": 0, "path": ["a"]], ["length": 1, "path": ["b"]], ["length": 0, "path": ["c"]],
      ], [["x", "a"], ["x", "b"], ["x", "c"]]),
    files(
      "utf8_path",
      [["length": 1, "path": [.bytes([0xE9])], "path.utf-8": ["é"]]], [["x", "é"]]),
  ]

  // MARK: - Odd forms

  private static let forms = [
    TorrentFixture.nasty(
      "unsorted_keys",
      Array("d4:infod4:name1:x6:lengthi1e6:pieces20:".utf8) + Array(repeating: 97, count: 20)
        + Array("12:piece lengthi16384eee".utf8), [["x"]]),
    .nasty("trailing_newline", TorrentFixture.single() + Array("\r\n".utf8), [["x"]]),
    .nasty(
      "hybrid",
      TorrentFixture.single(["meta version": 2, "file tree": ["x": ["": ["length": 1]]]]),
      [["x"]]),
    .nasty("length_beside_files", TorrentFixture.multi(["length": 7]), [["x", "a"]]),
  ]
}
