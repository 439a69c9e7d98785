import CLI
import Download
import Primitives
import Storage
import Testing

@Suite struct CommandLineArgumentsTests {
  private func parse(_ line: String) throws(UsageError) -> Invocation {
    try CommandLineArguments.parse(line.split(separator: " ").map(String.init))
  }

  @Test func aFileAloneIsDownloadedIntoTheCurrentFolder() throws {
    let invocation = try parse("x.torrent")
    #expect(invocation.command == .download)
    #expect(invocation.arguments == ["x.torrent"])
    #expect(invocation.torrent.output.folder == ".")
    #expect(!invocation.torrent.content.seedsOnly)
  }

  @Test(arguments: [
    "x.torrent -o out", "-o out x.torrent", "-oout x.torrent", "--output-dir=out x.torrent",
    "x.torrent --output-dir out", "-o out -- x.torrent",
  ])
  func theOutputFolderCanBeWrittenInEveryUsualWay(line: String) throws {
    let invocation = try parse(line)
    #expect(invocation.torrent.output.folder == "out")
    #expect(invocation.arguments == ["x.torrent"])
  }

  @Test func everyDownloadOptionReachesTheOptions() throws {
    let invocation = try parse(
      "x --overwrite --port 6881 --peer 192.0.2.1:1 --peer [2001:db8::1]:2 --memory 32M"
        + " --pipeline 7 --max-peers 9 -q")
    let (session, torrent) = (invocation.session, invocation.torrent)
    #expect(torrent.output.overwrite)
    #expect(session.port == 6881)
    #expect(torrent.sources.peers.map(\.description) == ["192.0.2.1:1", "[2001:db8::1]:2"])
    #expect(session.memoryLimit == 32 << 20)
    #expect(torrent.pipeline == 7)
    #expect(session.maximumPeers == 9)
    #expect(invocation.streams.verbosity == .quiet)
  }

  @Test func seedKeepsSeeding() throws {
    let invocation = try parse("seed x.torrent -o have")
    #expect(invocation.command == .seed)
    #expect(invocation.torrent.content.seedsOnly)
    #expect(invocation.torrent.output.folder == "have")
  }

  @Test func aFileCalledLikeACommandIsReachedBehindTheDashes() throws {
    #expect(try parse("-- info").command == .download)
    #expect(try parse("-- info").arguments == ["info"])
    #expect(try parse("./info").arguments == ["./info"])
  }

  @Test func aSecondCommandWordIsAnArgument() throws {
    #expect(try parse("info seed").arguments == ["seed"])
  }

  @Test func trackerWantsToKnowWhereToListen() throws {
    #expect(throws: UsageError.missingOption("--listen HOST:PORT", .tracker)) {
      try parse("tracker")
    }
    #expect(try parse("tracker --listen 127.0.0.1:0").listenPlace == HostAndPort("127.0.0.1:0"))
  }

  @Test func helpTakesATopicOrIsAskedForBehindACommand() throws {
    #expect(try parse("--help").command == .help)
    #expect(try parse("help seed").arguments == ["seed"])
    let behind = try parse("seed --help")
    #expect(behind.command == .help)
    #expect(behind.arguments == ["seed"])
    #expect(try parse("tracker -h").arguments == ["tracker"])
  }

  @Test func versionNeedsNoFile() throws {
    #expect(try parse("--version").command == .version)
    #expect(try parse("--version --verbose").streams.verbosity == .verbose)
  }

  @Test func anEmptyCommandLineIsNoSuccess() {
    #expect(throws: UsageError.missingArgument(.download)) { try parse("") }
    #expect(throws: UsageError.missingArgument(.seed)) { try parse("seed") }
  }

  @Test func oneOrSeveralSourcesAreTaken() throws {
    #expect(try parse("a b - c").arguments == ["a", "b", "-", "c"])
    for command in ["info", "verify", "seed", "scrape"] {
      #expect(try parse("\(command) a b").arguments == ["a", "b"])
    }
    #expect(throws: UsageError.tooManyArguments(.create, extra: "b")) { try parse("create a b") }
  }

  @Test func aListStandsForArguments() throws {
    #expect(try parse("-i list").batch.inputFile == "list")
    #expect(try parse("a -i - -j 3").batch.jobs == 3)
    #expect(throws: UsageError.standardInputTwice) { try parse("- -i -") }
    #expect(throws: UsageError.standardInputTwice) { try parse("- -") }
  }

  @Test func ofBothFormsOfASwitchTheLastCounts() throws {
    #expect(try parse("x --overwrite").torrent.output.overwrite)
    #expect(try !parse("x --no-overwrite").torrent.output.overwrite)
    #expect(try !parse("x --overwrite --no-overwrite").torrent.output.overwrite)
    #expect(try parse("x --no-overwrite --no-overwrite --overwrite").torrent.output.overwrite)
    #expect(throws: UsageError.unexpectedValue(option: "--no-json")) { try parse("x --no-json=1") }
  }

  @Test func theCommandOfAHookEndsAtASemicolonOrWithTheLine() throws {
    let first = try parse("--on-complete mv -v a ; x -o out")
    #expect(first.batch.onComplete == ["mv", "-v", "a"])
    #expect(first.arguments == ["x"])
    #expect(first.torrent.output.folder == "out")
    #expect(try parse("x --on-complete echo -- -z").batch.onComplete == ["echo", "--", "-z"])
    #expect(throws: UsageError.missingValue(option: "--on-complete", placeholder: "CMD ARG… ;")) {
      try parse("x --on-complete ;")
    }
  }

  /// Such a word was meant for us, and the hook would silently swallow it.
  @Test(arguments: [
    "-o out", "-oout", "--output-dir=out", "--json", "-q", "--no-check", "--timeout 5s",
  ])
  func anOptionOfOursIsNoArgumentOfAHookThatHasNoEnd(option: String) throws {
    let word = String(option.prefix { $0 != " " })
    #expect(throws: UsageError.optionInHook(word, of: "--on-complete")) {
      try parse("x --on-complete mv -f \(option)")
    }
    let ended = try parse("x --on-complete mv -f \(option) ; --quiet")
    #expect(ended.batch.onComplete == ["mv", "-f"] + option.split(separator: " ").map(String.init))
    #expect(ended.streams.verbosity == .quiet)
    // The name of the program is no option, and neither is what merely looks like one.
    #expect(try parse("x --on-complete -o").batch.onComplete == ["-o"])
    #expect(try parse("x --on-complete sh -c -qx -").batch.onComplete == ["sh", "-c", "-qx", "-"])
  }

  @Test func aTierOfTrackersIsOneValue() throws {
    let words = ["create", "x", "--tracker", "http://a/ udp://b:1", "--tracker", "https://c/"]
    let invocation = try CommandLineArguments.parse(words)
    #expect(invocation.sources.trackers == [["http://a/", "udp://b:1"], ["https://c/"]])
  }

  @Test func everyCreationOptionReachesTheOptions() throws {
    let invocation = try parse(
      "create tree --save-torrent t --name n --piece-length 1M --exclude *.o --exclude b/*"
        + " --web-seed http://w/ --private --source s --comment c --reproducible --overwrite")
    let creation = invocation.creation
    #expect(invocation.arguments == ["tree"])
    #expect(creation.outputPath == "t")
    #expect(creation.name == "n")
    #expect(creation.pieceLength == 1 << 20)
    #expect(invocation.selection.exclusions == [Glob("*.o"), Glob("b/*")])
    #expect(invocation.sources.webSeeds == ["http://w/"])
    #expect(creation.isPrivate && creation.isReproducible && creation.overwrites)
    #expect(creation.source == "s")
    #expect(creation.comment == "c")
  }

  @Test func everyLimitReachesTheOptions() throws {
    let invocation = try parse(
      "x --timeout 1h --stall-timeout 0 --peers-timeout 30s --min-speed 10K:5m --limit-down 2M/s"
        + " --limit-up 500K --seed-ratio 1.5 --seed-time 2h --bind 192.0.2.1 --sequential --check"
        + " --flat --prealloc full"
    )
    let (session, torrent) = (invocation.session, invocation.torrent)
    let limits = torrent.limits
    #expect(limits.deadlines.total == .seconds(3600))
    #expect(limits.deadlines.stall == nil)
    #expect(limits.deadlines.peers == .seconds(30))
    #expect(
      limits.deadlines.minimumSpeed
        == SpeedFloor(bytesPerSecond: 10240, duration: .seconds(300)))
    #expect(session.downloadLimiter?.bytesPerSecond == 2 << 20)
    #expect(session.uploadLimiter?.bytesPerSecond == 500 << 10)
    #expect(limits.seedRatio == 1.5)
    #expect(limits.seedTime == .seconds(7200))
    #expect(session.bindAddresses == [IPAddress("192.0.2.1")])
    #expect(torrent.content.isSequential)
    #expect(torrent.output.checksEverything && torrent.output.isFlat)
    #expect(torrent.output.preallocation == .full)
  }

  @Test func everyStreamOptionReachesTheOptions() throws {
    let streams = try parse("x --json --color never --progress plain --log f").streams
    #expect(streams.json)
    #expect(streams.color == .never)
    #expect(streams.progress == .plain)
    #expect(streams.logFile == "f")
  }

  @Test func anUnknownOptionSuggestsTheNearest() {
    #expect(throws: UsageError.unknownOption("--outputdir", nearest: "--output-dir")) {
      try parse("x --outputdir y")
    }
    for (word, nearest) in [
      ("--limit", "--limit-up"), ("--bind-address", "--bind"), ("--zebra", nil),
      ("--stal-timeout", "--stall-timeout"), ("--se", nil), ("--no-sequental", "--no-sequential"),
    ] {
      #expect(throws: UsageError.unknownOption(word, nearest: nearest)) { try parse("x \(word)") }
    }
    #expect(throws: UsageError.unknownOption("-z", nearest: nil)) { try parse("x -z") }
  }

  @Test func anOptionOfAnotherCommandIsRefusedWithTheCommandsThatHaveIt() {
    #expect(
      throws: UsageError.optionNotForCommand(
        "--overwrite", .seed, owners: [.download, .info, .create], nearest: nil)
    ) { try parse("seed x --overwrite") }
    let error = #expect(throws: UsageError.self) { try parse("x --output y") }
    #expect(
      error?.description
        == "option --output belongs to 'create', not to downloads; did you mean --output-dir?")
    let other = #expect(throws: UsageError.self) { try parse("info x -o y") }
    #expect(
      other?.description
        == "option -o belongs to downloads, 'verify', 'create' and 'seed', not to 'info'")
  }

  /// The hint is right even if the mistake comes before the command, or before anything is read.
  @Test(arguments: [
    ("info x --bogus", "info"), ("--bogus info x", "info"), ("verify -o", "verify"),
    ("create x y", "create"), ("seed --port x a", "seed"), ("--port x seed a", "seed"),
    ("tracker", "tracker"), ("help bogus", "help"), ("scrape", "scrape"),
  ])
  func hintsNameTheCommandThatWasMeant(line: String, command: String) {
    let failure = #expect(throws: CommandFailure.self) {
      try CommandLineArguments.invocation(line.split(separator: " ").map(String.init))
    }
    #expect(failure?.status == .badUsage)
    let hint = failure?.hint ?? ""
    #expect(hint.hasPrefix("usage: swift-torrent \(command)"), "\(hint)")
    #expect(hint.hasSuffix("see 'swift-torrent help \(command)'"), "\(hint)")
  }

  @Test func hintsOfADownloadNameTheWholeHelp() {
    let failure = #expect(throws: CommandFailure.self) {
      try CommandLineArguments.invocation(["x", "--bogus"])
    }
    #expect(failure?.hint?.hasSuffix("see 'swift-torrent --help'") == true)
  }

  @Test func theLastOfTwoEqualOptionsCounts() throws {
    #expect(try parse("x -o a --output-dir b").torrent.output.folder == "b")
    #expect(try parse("x --timeout 1s --timeout 0").torrent.limits.deadlines.total == nil)
    #expect(try parse("x --limit-down 1M --limit-down 0").session.downloadLimiter == nil)
    #expect(try parse("x --bind eth0 --bind 192.0.2.1").names.interface == nil)
    #expect(try parse("x -q -v").streams.verbosity == .verbose)
    #expect(try parse("x -v -q").streams.verbosity == .quiet)
    #expect(try parse("create x --save-torrent a -o b").creation.outputPath == "b")
    #expect(
      try parse("--on-complete a ; x --on-complete b ;").batch.onComplete == ["b"])
  }

  @Test func repeatableOptionsAddUp() throws {
    let invocation = try parse("x --files 1 --files 3-4 --select a --select b --exclude c")
    #expect((0...5).filter { invocation.selection.numbers?.contains($0) == true } == [1, 3, 4])
    #expect(invocation.selection.patterns.count == 2)
  }

  @Test func shortOptionsShareADash() throws {
    let first = try parse("x -qo out")
    #expect(first.streams.verbosity == .quiet && first.torrent.output.folder == "out")
    let second = try parse("x -vj3 -qoout")
    #expect(second.batch.jobs == 3 && second.torrent.output.folder == "out")
    #expect(try parse("x -vi list").batch.inputFile == "list")
    #expect(try parse("-V").command == .version)
    #expect(try parse("-vV").streams.verbosity == .verbose)
    #expect(throws: UsageError.unknownOption("-z", nearest: nil)) { try parse("x -qz") }
    #expect(throws: UsageError.missingValue(option: "-o", placeholder: "DIR")) {
      try parse("x -qo")
    }
  }

  /// The word, read as -o, would put the data into a folder called "verwrite".
  @Test(arguments: ["-overwrite", "-output-dir=x", "-json", "-no-dht"])
  func aLongOptionWithOneDashIsRefused(word: String) {
    let name = String(word.prefix { $0 != "=" })
    #expect(throws: UsageError.unknownOption(name, nearest: "-" + name)) {
      try parse("x \(word)")
    }
  }

  @Test func createTakesAFileWhereDownloadsTakeAFolder() throws {
    #expect(try parse("create x -o y").creation.outputPath == "y")
    #expect(try parse("-o y create x").creation.outputPath == "y")
    #expect(try parse("create x --output y").torrent.output.folder == ".")
    #expect(try parse("verify x -o y").torrent.output.folder == "y")
    #expect(try parse("verify x -o y").creation.outputPath == nil)
  }

  @Test func zeroIsNoLimit() throws {
    let invocation = try parse(
      "x --timeout 0 --stall-timeout 0s --peers-timeout 0 --metadata-timeout 0m --min-speed 0:5m"
        + " --limit-down 0 --limit-up 0K --seed-ratio 0 --seed-time 0 --max-peers 0 --memory 0"
        + " --jobs 0")
    let session = invocation.session
    let limits = invocation.torrent.limits
    let deadlines = limits.deadlines
    #expect(
      [deadlines.total, deadlines.stall, deadlines.peers, deadlines.metadata, limits.seedTime]
        .allSatisfy { $0 == nil })
    #expect(deadlines.minimumSpeed == nil)
    #expect(session.downloadLimiter == nil && session.uploadLimiter == nil)
    #expect(limits.seedRatio == nil)
    #expect(session.maximumPeers == 65535 && session.memoryLimit == 1 << 36)
    #expect(invocation.batch.jobs == .max)
  }

  @Test func hostsMayBeNames() throws {
    let invocation = try parse(
      "x --peer seed.example:6881 --peer 192.0.2.1:1 --dht-bootstrap router.example:6881")
    #expect(invocation.names.peers == [HostAndPort("seed.example:6881")])
    #expect(invocation.torrent.sources.peers == [Endpoint("192.0.2.1:1")])
    #expect(invocation.dht.routers == ["router.example:6881"])
    #expect(try parse("tracker --listen localhost:0").listenPlace?.host == "localhost")
    #expect(try parse("x --bind eth0").names.interface == "eth0")
    #expect(try parse("x --bind 192.0.2.1 --bind wg0").names.interface == "wg0")
  }

  @Test(arguments: [
    "http://a/announce,http://b/announce", "http://a/announce, udp://b:1",
    "http://a/announce;http://b/announce",
  ])
  func tiersWithCommasAreRefusedWithTheRightForm(value: String) {
    let error = #expect(throws: UsageError.self) {
      try CommandLineArguments.parse(["x", "--tracker", value])
    }
    #expect(error?.description.contains("--tracker \"http://a/announce ") == true)
  }

  @Test(arguments: [
    ("--web-seed http://a/,http://b/", "repeat --web-seed"),
    ("--peer a:1,b:2", "repeat the option"),
    ("--dht-bootstrap a:1,b:2", "repeat the option"),
  ])
  func otherListsWithCommasAreRefusedToo(option: String, words: String) {
    let error = #expect(throws: UsageError.self) { try parse("x \(option)") }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func aURLMayHoldAComma() throws {
    #expect(
      try parse("x --tracker http://a/announce?x=1,2").sources.trackers == [
        ["http://a/announce?x=1,2"]
      ])
    #expect(try parse("x --web-seed http://a/b,c").sources.webSeeds == ["http://a/b,c"])
  }

  @Test func aValueIsNeitherMissingNorInvented() {
    #expect(throws: UsageError.missingValue(option: "-o", placeholder: "DIR")) { try parse("x -o") }
    #expect(throws: UsageError.unexpectedValue(option: "--overwrite")) {
      try parse("x --overwrite=yes")
    }
  }

  @Test(arguments: [
    "--port 65536", "--port -1", "--port x", "--peer 192.0.2:80", "--peer a..b:80",
    "--peer [host]:80", "--peer 192.0.2.1",
    "--peer 192.0.2.1:0", "--peer 2001:db8::1:80", "--memory 1K", "--memory 1T",
    "--memory 99999999999999999999", "--pipeline 0", "--max-peers -1", "--max-peers 65536",
    "--tracker ftp://host/", "--tracker http://", "--tracker host:80", "--jobs -1", "--jobs 101",
    "--color red", "--timeout x", "--min-speed 10K", "--min-speed 1:0s", "--limit-down 1",
    "--limit-up -1", "--seed-ratio nan", "--bind a/b", "--bind a23456789-123456", "--prealloc all",
    "--files 0",
    "--select [", "--progress Bar",
  ])
  func valuesThatMakeNoSenseAreRefused(option: String) {
    let error = #expect(throws: UsageError.self) { try parse("x \(option)") }
    guard case .badValue(let name, let value, _)? = error else {
      Issue.record("\(option) was refused for another reason")
      return
    }
    #expect(option == "\(name) \(value)")
  }

  @Test func givenTrackersComeFirst() throws {
    let own = [["http://a/announce", "http://b/announce"]]
    #expect(try parse("x").sources.trackerTiers(torrentTrackers: own) == nil)
    #expect(try parse("x --no-tracker").sources.trackerTiers(torrentTrackers: own) == [])
    #expect(
      try parse("x --tracker https://c/announce").sources.trackerTiers(torrentTrackers: own)
        == [["https://c/announce"]] + own)
    #expect(
      try parse("x --no-tracker --tracker http://c/").sources.trackerTiers(torrentTrackers: own)
        == [["http://c/"]])
  }

  @Test func usageErrorsAreSafeForATerminal() {
    let error = #expect(throws: UsageError.self) { try parse("x --\u{1B}[31m") }
    #expect(error?.failure(for: .download).status == .badUsage)
    #expect(error?.failure(for: .download).text.contains("\u{1B}") == false)
  }
}
