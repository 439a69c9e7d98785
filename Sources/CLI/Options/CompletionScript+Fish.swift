extension CompletionScript {
  static var fishScript: String {
    let words = Command.words.joined(separator: " ")
    var lines = [
      "# fish completion for swift-torrent; put it into ~/.config/fish/completions.",
      "set -l words \(words)",
    ]
    for command in commands {
      let isFirst = command == .download
      if !isFirst {
        lines.append(
          "complete -c swift-torrent -n '__fish_is_first_arg' -a \(command.rawValue) "
            + "-d \(fishQuoted(command.summary))")
      }
      let condition =
        isFirst
        ? "\"not __fish_seen_subcommand_from $words\""
        : "'__fish_seen_subcommand_from \(command.rawValue)'"
      if case .choice(let choices)? = command.argumentKind {
        lines.append(
          "complete -c swift-torrent -n \(condition) -f -a '\(choices.joined(separator: " "))'")
      }
      for option in OptionTable.options(of: command) {
        lines += fishLines(option).map { "complete -c swift-torrent -n \(condition)\($0)" }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func fishLines(_ option: OptionSpecification) -> [String] {
    var line = option.shortName.map { " -s \($0.dropFirst())" } ?? ""
    line += " -l \(option.name.dropFirst(2))"
    switch option.value?.kind {
    case nil: break
    case .text?: line += " -x"
    case .file?: line += " -r -F"
    case .folder?: line += " -x -a '(__fish_complete_directories)'"
    case .program?: line += " -x -a '(__fish_complete_command)'"
    case .choice(let words)?: line += " -x -a '\(words.joined(separator: " "))'"
    }
    let negation = option.negation.map { spelling in
      " -l \(spelling.dropFirst(2)) -d \(fishQuoted(summary(of: spelling, option)))"
    }
    return [line + " -d \(fishQuoted(option.summary))"] + [negation].compactMap(\.self)
  }

  private static func fishQuoted(_ text: String) -> String {
    "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
  }
}
