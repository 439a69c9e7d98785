import Bencode

extension NastyTorrents {
  /// Sound torrents with an odd byte or field where nothing is hashed.
  static let oddBytes = surroundings + fields

  private static let sound = TorrentFixture.single()

  private static func loads(_ name: String, _ bytes: [UInt8]) -> TorrentFixture {
    .nasty(name, bytes, [["x"]])
  }

  private static let surroundings = [
    loads("trailing_bytes", sound + Array("garbage".utf8)),
    loads("trailing_nul", sound + [0]),
    loads("trailing_nuls", sound + Array(repeating: 0, count: 509)),
    loads("trailing_control_z", sound + [0x1A]),
    loads("trailing_html", sound + Array("\r\n<!-- served in 0.3 s -->\r\n</html>".utf8)),
    loads("trailing_php_notice", sound + Array("<br />\n<b>Notice</b>: Undefined index".utf8)),
    loads("trailing_torrent", sound + TorrentFixture.single(["name": "y"])),
    loads("byte_order_mark", [0xEF, 0xBB, 0xBF] + sound),
    loads("leading_white_space", Array("\r\n ".utf8) + sound),
  ]

  /// A sound torrent with these bencoded entries before `info`.
  private static func beside(_ entries: String) -> [UInt8] {
    Array("d\(entries)".utf8) + sound.dropFirst()
  }

  private static let fields = [
    loads("duplicate_outer_key", beside("8:announce9:http://a/8:announce9:http://b/")),
    loads("duplicate_outer_key_unsorted", beside("1:bi1e8:announce9:http://a/1:bi2e")),
    loads("huge_creation_date", beside("13:creation datei99999999999999999999e")),
    loads("leading_zero_in_creation_date", beside("13:creation datei0951827696e")),
    loads("fraction_in_creation_date", beside("13:creation datei951827696.5e")),
    loads("empty_creation_date", beside("13:creation dateie")),
    loads("text_as_creation_date", beside("13:creation date9:951827696")),
    loads("negative_creation_date", beside("13:creation datei-1e")),
    loads("announce_is_a_list", beside("8:announcel9:http://a/9:http://b/e")),
    loads("flat_announce_list", beside("13:announce-listl9:http://a/9:http://b/e")),
    loads("announce_list_is_a_string", beside("13:announce-list9:http://a/")),
    loads("announce_is_a_number", beside("8:announcei1e")),
    loads("announce_with_nul", beside("8:announce10:http://a/\0")),
    loads("empty_url_list", beside("8:url-list0:")),
    loads("url_list_with_a_number", beside("8:url-listli1e9:http://a/e")),
    loads("nodes_with_a_text_port", beside("5:nodesll9:192.0.2.14:6881el1:xee")),
  ]
}
