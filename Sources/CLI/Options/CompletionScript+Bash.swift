extension CompletionScript {
  /// The script for bash.
  ///
  /// Completion of file names is left to readline, which handles quotes, spaces and `~`. The script
  /// lists them only where commands are possible too.
  static var bashScript: String {
    """
    # bash completion for swift-torrent; put it where bash-completion looks, or source it.
    _swift_torrent() {
      local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=download
      local word skip='' is_first=1
      COMPREPLY=()
      # A value behind an equals sign comes as a word of its own, and so does the sign.
      if [[ $current == = ]]; then
        current=''
      elif [[ $previous == = && COMP_CWORD -gt 2 ]]; then
        previous=${COMP_WORDS[COMP_CWORD-2]}
      fi
      for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $skip && $word != = ]]; then skip=''; continue; fi
        case $word in
          \(Command.words.joined(separator: "|"))) command=$word; is_first=''; break ;;
          \(valueSpellings.joined(separator: "|"))) skip=1 ;;
          -*|=) ;;
          *) is_first=''; break ;;
        esac
      done
      case $command/$previous in
    \(bashValues)\
      esac
      local options words='' takes_files=1
      case $command in
    \(bashCommands)\
      esac
      if [[ $is_first ]]; then words="\(Command.words.joined(separator: " "))"; fi
      if [[ $current == -* ]]; then
        words=$options
        takes_files=''
      fi
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
      if [[ ! $takes_files ]]; then
        compopt +o default +o bashdefault 2>/dev/null
      elif (( ${#COMPREPLY[@]} )); then
        local -a files
        mapfile -t files < <(compgen -f -- "$current")
        COMPREPLY+=("${files[@]}")
        compopt -o filenames 2>/dev/null
      fi
      return 0
    }
    complete -o bashdefault -o default -F _swift_torrent swift-torrent

    """
  }

  /// The cases that complete the values of options.
  ///
  /// Options of several commands come last, because the first matching pattern counts.
  private static var bashValues: String {
    let options = OptionTable.all.filter { $0.value != nil }
    let ordered =
      options.filter { $0.commands.count == 1 } + options.filter { $0.commands.count > 1 }
    return ordered.compactMap { option in
      option.value.map { value in
        let commands = option.commands.count == 1 ? option.commands.map(\.rawValue) : ["*"]
        let patterns = commands.flatMap { command in
          option.spellings.map { "\(command)/\($0)" }
        }
        return "    \(patterns.joined(separator: "|"))) \(bashReply(value.kind)); return ;;\n"
      }
    }.joined()
  }

  private static func bashReply(_ kind: OptionValue.Kind) -> String {
    let nothingElse = "compopt +o default +o bashdefault"
    func words(_ list: String) -> String {
      "\(nothingElse) 2>/dev/null; mapfile -t COMPREPLY < <(compgen \(list) -- \"$current\")"
    }
    return switch kind {
    case .text: "\(nothingElse) 2>/dev/null"
    case .file: ":"
    case .folder: "\(nothingElse) -o dirnames 2>/dev/null"
    case .program: words("-c")
    case .choice(let choices): words("-W \"\(choices.joined(separator: " "))\"")
    }
  }

  private static var bashCommands: String {
    commands.map { command in
      let spellings = OptionTable.options(of: command).flatMap(\.spellings)
      var line = "    \(command.rawValue)) options=\"\(spellings.joined(separator: " "))\""
      switch command.argumentKind {
      case .choice(let words)?:
        line += "; words=\"\(words.joined(separator: " "))\"; takes_files=''"
      case nil: line += "; takes_files=''"
      default: break
      }
      return line + " ;;\n"
    }.joined()
  }
}
