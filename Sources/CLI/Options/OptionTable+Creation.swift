extension OptionTable {
  /// What `create` takes besides trackers.
  static let creation: [OptionSpecification] = [
    OptionSpecification(
      "--save-torrent", "keep the torrent in a file; - is standard output",
      for: [.create, .download, .info],
      .value(OptionValue("FILE", .file)) { invocation, text throws(ExpectedValue) in
        invocation.creation.outputPath = try OptionText.path(text)
      }),
    OptionSpecification(
      "--name", "the torrent's name (default: that of the file or folder)", for: [.create],
      .value(OptionValue("NAME")) { invocation, text throws(ExpectedValue) in
        guard !text.isEmpty, text.utf8.count <= 255, text != ".", text != "..",
          !text.contains("/"), !text.utf8.contains(0)
        else { throw ExpectedValue("the name of a file or folder") }
        invocation.creation.name = text
      }),
    OptionSpecification(
      "--piece-length", "the size of a piece, a power of 2 (default: by the size)",
      for: [.create],
      .value(OptionValue("SIZE")) { invocation, text throws(ExpectedValue) in
        guard let size = ByteText.parse(text), PieceLengthChoice.allowed.contains(size),
          size.nonzeroBitCount == 1
        else { throw ExpectedValue("a power of 2 from 16K to 256M") }
        invocation.creation.pieceLength = Int(size)
      }),
    OptionSpecification(
      "--private", "peers come from its trackers only", for: [.create],
      .toggle { invocation, isOn in invocation.creation.isPrivate = isOn }),
    OptionSpecification(
      "--source", "the source field, which makes a different info-hash", for: [.create],
      .value(OptionValue("TEXT")) { invocation, text in invocation.creation.source = text }),
    OptionSpecification(
      "--comment", "a note for people", for: [.create],
      .value(OptionValue("TEXT")) { invocation, text in invocation.creation.comment = text }),
    OptionSpecification(
      "--reproducible", "no date, no program's name: equal data gives equal bytes",
      for: [.create],
      .toggle { invocation, isOn in invocation.creation.isReproducible = isOn }),
  ]
}
