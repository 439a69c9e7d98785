import Download

extension OptionTable {
  /// Which files are wanted, and how they are laid out.
  static let selection: [OptionSpecification] = [
    OptionSpecification(
      "--select", "only files that this names, such as '*.iso'; may be repeated",
      for: [.download, .verify], isRepeatable: true,
      .value(OptionValue("GLOB")) { invocation, text throws(ExpectedValue) in
        invocation.selection.patterns.append(try OptionText.glob(text))
      }),
    OptionSpecification(
      "--files", "only these files, such as 1,3-5, by the numbers of --list",
      for: [.download, .verify],
      .value(OptionValue("NUMBERS")) { invocation, text throws(ExpectedValue) in
        guard let numbers = FileNumbers(text) else {
          throw ExpectedValue("numbers from 1 and ranges, such as 1,3-5")
        }
        invocation.selection.numbers = numbers
      }),
    OptionSpecification(
      "--exclude", "not what this names, such as '*.tmp'; may be repeated",
      for: [.download, .verify, .create], isRepeatable: true,
      .value(OptionValue("GLOB")) { invocation, text throws(ExpectedValue) in
        invocation.selection.exclusions.append(try OptionText.glob(text))
      }),
    OptionSpecification(
      "--flat", "no folder of the torrent's name around its files",
      for: [.download, .seed, .verify],
      .toggle { invocation, isOn in invocation.download.isFlat = isOn }),
    OptionSpecification(
      "--prealloc", "how room for files is made (default: by the file system)", for: [.download],
      .value(OptionValue("none|sparse|full", .choice(PreallocationWord.words))) {
        invocation, text throws(ExpectedValue) in
        invocation.download.preallocation = try PreallocationWord.read(text)
      }),
    OptionSpecification(
      "--check", "hash everything that is there, whatever the last run left", for: transfers,
      .toggle { invocation, isOn in invocation.download.checksEverything = isOn }),
    OptionSpecification(
      "--sequential", "fetch pieces in their order, not the rarest first", for: [.download],
      .toggle { invocation, isOn in invocation.download.isSequential = isOn }),
  ]
}
