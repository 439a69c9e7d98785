import Download

extension OptionTable {
  /// The options for the selection of files and their order.
  static let selection: [OptionSpecification] = [
    OptionSpecification(
      "--select", "only files that match GLOB, such as '*.iso'; repeatable",
      for: [.download, .verify], isRepeatable: true,
      .value(OptionValue("GLOB")) { invocation, text throws(ExpectedValue) in
        invocation.selection.patterns.append(try OptionText.glob(text))
      }),
    OptionSpecification(
      "--files", "only files with these numbers in --list, such as 1,3-5; repeatable",
      for: [.download, .verify], isRepeatable: true,
      .value(OptionValue("NUMBERS")) { invocation, text throws(ExpectedValue) in
        guard let numbers = FileNumbers(text),
          let all = invocation.selection.numbers.map({ $0.joined(with: numbers) }) ?? numbers
        else {
          throw ExpectedValue("file numbers and ranges, counted from 1, such as 1,3-5")
        }
        invocation.selection.numbers = all
      }),
    OptionSpecification(
      "--exclude", "no files that match GLOB, such as '*.tmp'; repeatable",
      for: [.download, .verify, .create], isRepeatable: true,
      .value(OptionValue("GLOB")) { invocation, text throws(ExpectedValue) in
        invocation.selection.exclusions.append(try OptionText.glob(text))
      }),
    OptionSpecification(
      "--list", "list the files with their numbers, and download nothing", for: [.download],
      .toggle { invocation, isOn in invocation.batch.listsOnly = isOn }),
    OptionSpecification(
      "--sequential", "download pieces in order instead of rarest first", for: [.download],
      .toggle { invocation, isOn in invocation.torrent.content.isSequential = isOn }),
  ]
}
