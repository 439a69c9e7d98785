import CLI
import Foundation
import TestSupport
import Testing

/// The completions in the shells that they are for, and the manual page in its formatters.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ShellCompletionTests {
  /// Programs that these tests need, by the names of their packages.
  static let programs = ["bash", "zsh", "fish", "mandoc", "man", "python3"]

  private static func have(_ programs: String...) -> Bool {
    TestNeeds.areRequired || TestNeeds.missing(of: programs).isEmpty
  }

  /// A test that says when others did not run, so that a green run cannot hide it.
  @Test func missingProgramsAreNamed() {
    let missing = TestNeeds.missing(of: Self.programs)
    if TestNeeds.areRequired {
      #expect(missing.isEmpty, "\(missing.joined(separator: ", "))")
    } else if !missing.isEmpty {
      TestNeeds.note(
        leftOut: "tests of completions and of the manual page",
        because: "not installed: \(missing.joined(separator: ", "))")
    }
  }

  /// Names that shells have to quote, each told apart by its first letters.
  private static let names = [
    "two words.torrent", "it's.torrent", "do$llar.torrent", "st*r.torrent", "am&per.torrent",
    "back\\slash.torrent", "(paren).torrent", "semi;colon.torrent", "quo\"te.torrent",
    "tab\there.torrent", "ünï.torrent",
  ]

  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in names { try folder.write("x", to: name) }
    try folder.makeFolder("dir with blank")
    try folder.write(CompletionScript.bash.text, to: "bash.sh")
    try folder.makeFolder("zsh")
    try folder.write(CompletionScript.zsh.text, to: "zsh/_swift-torrent")
    return folder
  }

  /// Types into a shell on a terminal of its own, each text when the shell has prompted, and returns
  /// what is on the terminal then.
  private static func type(
    _ texts: [String], into shell: [String], in folder: TemporaryFolder
  ) async throws -> String {
    let driver = """
      import os, pty, select, signal, sys
      signal.alarm(60)
      count = int(sys.argv[1])
      texts, shell = sys.argv[2:2 + count], sys.argv[2 + count:]
      pid, terminal = pty.fork()
      if pid == 0:
          os.execvp(shell[0], shell)
      seen = b""
      def wait_for_prompt():
          global seen
          start = len(seen)
          while b"READY>" not in seen[start:]:
              try: more = os.read(terminal, 65536)
              except OSError: return
              if not more: return
              seen += more
      wait_for_prompt()
      for text in texts:
          os.write(terminal, text.encode() + b"\\r")
          wait_for_prompt()
      os.kill(pid, signal.SIGKILL)
      sys.stdout.buffer.write(seen)
      """
    let outcome = try await ProcessRunner.run(
      // A wrapper around python3 that is a shell script would lose PS1 on the way.
      ["python3", "-c", driver, "\(texts.count)"] + texts + ["env", "PS1=READY> "] + shell,
      environment: ["TERM": "dumb", "LC_ALL": "C.UTF-8", "HOME": folder.path])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    return outcome.output
  }

  /// A function of the program's name that prints the words it is called with, each in brackets.
  private static let printer =
    #"swift-torrent() { printf 'ARGS:'; printf '<%s>' "$@"; printf '\n'; }"#

  private static func words(of output: String) -> [String] {
    // The terminal echoes the function too, but there no bracket follows at once.
    output.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("ARGS:<") }
      .map { String($0.dropFirst(5)) }
  }

  /// The beginning of a name, as it would be typed, and the words that the program then gets.
  private static let typed: [(text: String, words: String)] =
    [
      ("two\t", "<two words.torrent>"), ("it\t", "<it's.torrent>"),
      ("do\t", "<do$llar.torrent>"), ("st\t", "<st*r.torrent>"), ("am\t", "<am&per.torrent>"),
      ("back\t", "<back\\slash.torrent>"), ("semi\t", "<semi;colon.torrent>"),
      ("quo\t", "<quo\"te.torrent>"), ("ün\t", "<ünï.torrent>"),
      ("two\\ w\t", "<two words.torrent>"), ("'two w\t", "<two words.torrent>"),
      ("x -o dir\t", "<x><-o><dir with blank/>"),
      ("x --output-dir=dir\t", "<x><--output-dir=dir with blank/>"),
      ("create x -o two\t", "<create><x><-o><two words.torrent>"),
      ("cre\tx", "<create><x>"), ("info two\t", "<info><two words.torrent>"),
      ("-o x cre\tx", "<-o><x><create><x>"),
      ("x --over\t", "<x><--overwrite>"), ("x --progress=pl\t", "<x><--progress=plain>"),
      ("x --progress pl\t", "<x><--progress><plain>"), ("completions fi\t", "<completions><fish>"),
      ("create x --no-re\t", "<create><x><--no-reproducible>"),
    ]

  @Test(.enabled(if: have("bash", "python3"), "bash or python3 is not installed"))
  func bashKeepsNamesWhole() async throws {
    let folder = try Self.folder()
    let setUp = ["cd '\(folder.path)'; . ./bash.sh; bind 'set bell-style none'", Self.printer]
    let output = try await Self.type(
      setUp + Self.typed.map { "swift-torrent " + $0.text },
      into: ["bash", "--norc", "--noprofile", "-i"], in: folder)
    let words = Self.words(of: output)
    #expect(words == Self.typed.map(\.words), "\(output)")
  }

  @Test(.enabled(if: have("zsh", "python3"), "zsh or python3 is not installed"))
  func zshKeepsNamesWholeAndCompletesBehindEqualsSigns() async throws {
    let folder = try Self.folder()
    let setUp = [
      "cd '\(folder.path)'; fpath=($PWD/zsh $fpath); autoload -U compinit; compinit -u -D",
      "unsetopt auto_menu list_ambiguous auto_remove_slash beep; " + Self.printer,
    ]
    let output = try await Self.type(
      setUp + Self.typed.map { "swift-torrent " + $0.text }, into: ["zsh", "-f", "-i"], in: folder)
    let words = Self.words(of: output)
    #expect(words == Self.typed.map(\.words), "\(output)")
  }

  @Test(.enabled(if: have("fish"), "fish is not installed"))
  func fishOffersWhatFits() async throws {
    let folder = try Self.folder()
    try folder.write(CompletionScript.fish.text, to: "script.fish")
    for (line, offered) in [
      ("swift-torrent cre", "create"), ("swift-torrent x --over", "--overwrite"),
      ("swift-torrent x --progress=pl", "--progress=plain"),
      ("swift-torrent completions ba", "bash"), ("swift-torrent two", "two words.torrent"),
      ("swift-torrent create x --no-re", "--no-reproducible"),
      ("swift-torrent x -o dir", "dir with blank/"),
    ] {
      let outcome = try await ProcessRunner.run(
        [
          "fish", "--no-config", "-c",
          "cd '\(folder.path)'; source script.fish; complete -C '\(line)'",
        ],
        environment: ["HOME": folder.path])
      let words = outcome.output.split(separator: "\n").map { $0.prefix { $0 != "\t" } }
      #expect(words.contains { $0.replacing("\\ ", with: " ") == offered }, "\(line): \(outcome)")
    }
  }

  @Test(.enabled(if: have("mandoc"), "mandoc is not installed"))
  func mandocHasNothingToSayAboutTheManualPage() async throws {
    let folder = try TemporaryFolder()
    let page = try folder.write(ManualPage.text, to: "swift-torrent.1")
    let outcome = try await ProcessRunner.run(["mandoc", "-T", "lint", page])
    #expect(outcome.ending == .exited(0))
    #expect(outcome.output.isEmpty && outcome.errors.isEmpty, "\(outcome)")
  }

  @Test(.enabled(if: have("man"), "man is not installed"))
  func theManualPageIsFormattedWithoutComplaint() async throws {
    let folder = try TemporaryFolder()
    let page = try folder.write(ManualPage.text, to: "swift-torrent.1")
    let outcome = try await ProcessRunner.run(
      ["man", "--warnings", "-E", "UTF-8", "-l", page], environment: ["MANWIDTH": "200"])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    #expect(outcome.errors.isEmpty, "\(outcome.errors)")
    #expect(outcome.output.contains("--json, --no-json"))
  }
}
