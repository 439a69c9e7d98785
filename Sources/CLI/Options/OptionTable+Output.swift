import Download

extension OptionTable {
  /// The options for the output and the way it is written.
  static let output: [OptionSpecification] = [
    OptionSpecification(
      "--output-dir", short: "-o", "folder for the data (default: the current folder)",
      for: [.download, .seed, .verify],
      .value(OptionValue("DIR", .folder)) { invocation, text throws(ExpectedValue) in
        invocation.torrent.output.folder = try OptionText.path(text)
      }),
    OptionSpecification(
      "--output", short: "-o",
      "where create writes the torrent: a file, a folder that gets NAME.torrent, or - for standard "
        + "output (default: NAME.torrent in the current folder)",
      for: [.create],
      .value(OptionValue("FILE", .file)) { invocation, text throws(ExpectedValue) in
        invocation.creation.outputPath = try OptionText.path(text)
      }),
    OptionSpecification(
      "--save-torrent",
      "also save the .torrent itself, to a file, to a folder as NAME.torrent, or to standard output "
        + "(-)",
      for: [.create, .download, .info],
      .value(OptionValue("FILE", .file)) { invocation, text throws(ExpectedValue) in
        invocation.creation.outputPath = try OptionText.path(text)
      }),
    OptionSpecification(
      "--overwrite",
      "overwrite existing files other than those of an earlier run (default: refuse)",
      for: [.download, .create, .info],
      .toggle { invocation, isOn in
        invocation.torrent.output.overwrite = isOn
        invocation.creation.overwrites = isOn
      }),
    OptionSpecification(
      "--flat", "put the files directly into DIR, without a folder named after the torrent",
      for: [.download, .seed, .verify],
      .toggle { invocation, isOn in invocation.torrent.output.isFlat = isOn }),
    OptionSpecification(
      "--prealloc", "how to allocate disk space (default: depends on the file system)",
      for: [.download],
      .value(OptionValue("none|sparse|full", .choice(PreallocationWord.words))) {
        invocation, text throws(ExpectedValue) in
        invocation.torrent.output.preallocation = try PreallocationWord.read(text)
      }),
    OptionSpecification(
      "--check", "hash all existing data again instead of trusting what the last run recorded",
      for: transfers,
      .toggle { invocation, isOn in invocation.torrent.output.checksEverything = isOn }),
    OptionSpecification(
      "--fsync", "flush all data to the disk before exiting", for: [.download],
      .toggle { invocation, isOn in invocation.torrent.output.synchronizes = isOn }),
  ]
}
