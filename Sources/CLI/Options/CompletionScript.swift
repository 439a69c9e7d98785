/// What `completions` prints, made from the tables of commands and options.
package enum CompletionScript: String, CaseIterable, Sendable {
  /// For bash.
  case bash
  /// For zsh.
  case zsh
  /// For fish.
  case fish
  /// The manual page, in man(7)'s language.
  case man

  /// What may be asked for.
  package static let names = allCases.map(\.rawValue)

  /// The whole text.
  package var text: String {
    switch self {
    case .bash: Self.bashScript
    case .zsh: Self.zshScript
    case .fish: Self.fishScript
    case .man: ManualPage.text
    }
  }

  /// The commands that can be asked for, `download` first, which has no word.
  private static let commands = Command.allCases.filter { $0 != .version }

  // MARK: - bash

  private static var bashScript: String {
    """
    # bash completion for swift-torrent; put it where bash-completion looks, or source it.
    _swift_torrent() {
      local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=download
      COMPREPLY=()
      local word
      for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
          \(Command.words.joined(separator: "|"))) command=$word; break ;;
          -*) ;;
          *) break ;;
        esac
      done
      case $previous in
    \(bashValues)\
      esac
      local options words=""
      case $command in
    \(bashCommands)\
      esac
      if [ "$COMP_CWORD" -eq 1 ]; then words="\(Command.words.joined(separator: " "))"; fi
      case $current in
        -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
        *)
          compopt -o filenames 2>/dev/null
          COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
      esac
      return 0
    }
    complete -F _swift_torrent swift-torrent

    """
  }

  private static var bashValues: String {
    OptionTable.all.compactMap { option in
      option.value.map { value in
        let reply =
          switch value.kind {
          case .text: "return"
          case .file:
            "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$current\")); return"
          case .folder:
            "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$current\")); return"
          case .program: "COMPREPLY=($(compgen -c -- \"$current\")); return"
          case .choice(let words):
            "COMPREPLY=($(compgen -W \"\(words.joined(separator: " "))\" -- \"$current\")); return"
          }
        return "    \(option.spellings.joined(separator: "|"))) \(reply) ;;\n"
      }
    }.joined()
  }

  private static var bashCommands: String {
    commands.map { command in
      let spellings = OptionTable.options(of: command).flatMap(\.spellings)
      var line = "    \(command.rawValue)) options=\"\(spellings.joined(separator: " "))\""
      if case .choice(let words)? = command.argumentKind {
        line += "; words=\"\(words.joined(separator: " "))\""
      }
      return line + " ;;\n"
    }.joined()
  }

  // MARK: - zsh

  private static var zshScript: String {
    """
    #compdef swift-torrent
    # zsh completion for swift-torrent; put it as _swift-torrent into a folder of $fpath.
    _swift_torrent() {
      local command=download word
      local -i place=1
      for word in "${(@)words[2,CURRENT-1]}"; do
        (( place++ ))
        case $word in
          \(Command.words.joined(separator: "|"))) command=$word; break ;;
          -*) ;;
          *) break ;;
        esac
      done
      local -a commands
      commands=(
    \(commands.dropFirst().map { "    '\($0.rawValue):\(zshQuoted($0.summary))'\n" }.joined())\
      )
      case $command in
        download)
          if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
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
    return "    \(command.rawValue)) _arguments -s \\\n"
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
      return "'\(option.isRepeatable ? "*" : "")\(spelling)[\(summary)]\(action)'"
    }
  }

  /// What a spelling of an option does.
  private static func summary(of spelling: String, _ option: OptionSpecification) -> String {
    spelling == option.negation ? "off: \(option.summary)" : option.summary
  }

  /// Safe inside single quotes, brackets and before a colon.
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

  // MARK: - fish

  private static var fishScript: String {
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
