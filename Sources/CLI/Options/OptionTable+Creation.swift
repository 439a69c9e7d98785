extension OptionTable {
  /// The options for the contents of a new torrent, besides trackers and web seeds.
  static let creation: [OptionSpecification] = [
    OptionSpecification(
      "--name", "the torrent's name (default: the name of the file or folder)", for: [.create],
      .value(OptionValue("NAME")) { invocation, text throws(ExpectedValue) in
        guard !text.isEmpty, text.utf8.count <= 255, text != ".", text != "..",
          !text.contains("/"), !text.utf8.contains(0)
        else { throw ExpectedValue("the name of a file or folder") }
        invocation.creation.name = text
      }),
    OptionSpecification(
      "--piece-length", "length of a piece, a power of 2 (default: depends on the total size)",
      for: [.create],
      .value(OptionValue("SIZE")) { invocation, text throws(ExpectedValue) in
        guard let size = ByteText.parse(text), PieceLengthChoice.allowed.contains(size),
          size.nonzeroBitCount == 1
        else { throw ExpectedValue("a power of 2 from 16K to 256M") }
        invocation.creation.pieceLength = Int(size)
      }),
    OptionSpecification(
      "--private", "peers may come from the torrent's trackers only", for: [.create],
      .toggle { invocation, isOn in invocation.creation.isPrivate = isOn }),
    OptionSpecification(
      "--source", "set the source field, which changes the info-hash", for: [.create],
      .value(OptionValue("TEXT")) { invocation, text in invocation.creation.source = text }),
    OptionSpecification(
      "--comment", "add a comment", for: [.create],
      .value(OptionValue("TEXT")) { invocation, text in invocation.creation.comment = text }),
    OptionSpecification(
      "--reproducible",
      "leave out date and program name, so that equal data makes equal torrents",
      for: [.create],
      .toggle { invocation, isOn in invocation.creation.isReproducible = isOn }),
  ]
}
