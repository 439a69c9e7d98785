extension CompletionScript {
  static var zshScript: String {
    """
    #compdef swift-torrent
    # zsh completion for swift-torrent; put it as _swift-torrent into a folder of $fpath.
    _swift_torrent() {
      local command=download word skip='' is_first=1
      local -i place=1
      for word in "${(@)words[2,CURRENT-1]}"; do
        (( place++ ))
        if [[ -n $skip ]]; then skip=''; continue; fi
        case $word in
          \(Command.words.joined(separator: "|"))) command=$word; is_first=''; break ;;
          \(valueSpellings.joined(separator: "|"))) skip=1 ;;
          -*) ;;
          *) is_first=''; break ;;
        esac
      done
      local -a commands
      commands=(
    \(commands.dropFirst().map { "    '\($0.rawValue):\(zshQuoted($0.summary))'\n" }.joined())\
      )
      case $command in
        download)
          if [[ -n $is_first && -z $skip && $words[CURRENT] != -* ]]; then
            _describe -t commands command commands
          fi ;;
        *) words[place]=(); (( CURRENT-- )) ;;
      esac
      case $command in
    \(commands.map(zshCase).joined())\
      esac
    }
    _swift_torrent "$@"

    """
  }

  private static func zshCase(_ command: Command) -> String {
    var specifications = OptionTable.options(of: command).flatMap(zshSpecifications)
    switch command.argumentKind {
    case .choice(let words)?: specifications.append("'1:word:(\(words.joined(separator: " ")))'")
    case nil: break
    default: specifications.append("'*:source:_files'")
    }
    return "    \(command.rawValue)) _arguments -s -S \\\n"
      + specifications.map { "      \($0)" }.joined(separator: " \\\n") + " ;;\n"
  }

  private static func zshSpecifications(_ option: OptionSpecification) -> [String] {
    let action =
      switch option.value?.kind {
      case nil: ""
      case .text?: ":\(zshQuoted(option.value?.placeholder ?? "")):"
      case .file?: ":file:_files"
      case .folder?: ":folder:_files -/"
      case .program?: ":command:_command_names -e"
      case .choice(let words)?: ":word:(\(words.joined(separator: " ")))"
      }
    return option.spellings.map { spelling in
      let summary = zshQuoted(summary(of: spelling, option))
      // The value may be attached: after an equals sign, or directly after a letter.
      let attached = option.value == nil ? "" : spelling.hasPrefix("--") ? "=" : "+"
      return "'\(option.isRepeatable ? "*" : "")\(spelling)\(attached)[\(summary)]\(action)'"
    }
  }

  /// Returns text that is safe inside single quotes and brackets, and before a colon.
  private static func zshQuoted(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "'": result += "'\\''"
      case "[", "]", ":", "\\": result += "\\\(character)"
      default: result.append(character)
      }
    }
    return result
  }
}
