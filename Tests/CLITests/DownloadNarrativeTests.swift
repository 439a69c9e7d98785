import CLI
@testable import Download
import Primitives
import Storage
import Testing
import Tracker

@Suite struct DownloadNarrativeTests {
  private func peer() throws -> Endpoint { try #require(Endpoint("192.0.2.1:6881")) }

  private func line(_ verbosity: Verbosity, _ event: DownloadEvent) -> String? {
    var narrative = DownloadNarrative(verbosity: verbosity)
    return narrative.line(event)
  }

  @Test func aBanIsAlwaysTold() throws {
    let line = line(
      .normal, .peerBanned(try peer(), reason: "sent a bad block"))
    #expect(line == "banned 192.0.2.1:6881: sent a bad block")
  }

  @Test func whatPeersDoIsToldOnlyWhenAsked() throws {
    let event = DownloadEvent.peerConnected(try peer(), client: "evil\u{1B}[2J", source: .given)
    #expect(line(.normal, event) == nil)
    #expect(
      line(.verbose, event)
        == "connected to 192.0.2.1:6881 (evil\u{FFFD}[2J, given)")
  }

  @Test func quietSaysNothing() throws {
    var narrative = DownloadNarrative(verbosity: .quiet)
    #expect(narrative.line(.peerBanned(try peer(), reason: "x")) == nil)
    #expect(narrative.line(.checked(verifiedBytes: 5)) == nil)
  }

  @Test func aSeedSaysItsPortAndADownloadDoesNot() {
    var seed = DownloadNarrative(verbosity: .normal, isSeeding: true)
    let listening = DownloadEvent.listening(port: 7001, datagramPort: 7001)
    #expect(seed.line(listening) == "listening for peers on port 7001")
    var download = DownloadNarrative(verbosity: .normal)
    #expect(download.line(listening) == nil)
    #expect(
      download.line(.listening(port: 7001, datagramPort: 40123))
        == "listening for peers on port 7001; UDP has port 40123, because another program uses UDP"
        + " port 7001")
    #expect(
      download.line(.listening(port: 7001, datagramPort: 40123, isAdditional: true))
        == "listening for peers on port 7001; UDP has port 40123 as well, because another program"
        + " uses UDP port 7001")
    #expect(
      download.line(.listening(port: 7001, datagramPort: nil))
        == "listening for peers on port 7001, without UDP")
  }

  private static func seeding(missing: Int) -> DownloadEvent {
    .seeding(
      SeedingFacts(
        ratio: nil, time: nil, verifiedBytes: missing == 0 ? 4 << 20 : 3 << 20,
        totalBytes: 4 << 20, missingPieces: missing))
  }

  @Test func aPartialSeedIsCalledOneAndAWholeOneIsNot() {
    var seed = DownloadNarrative(verbosity: .normal, isSeeding: true)
    #expect(
      seed.line(Self.seeding(missing: 2))
        == "a partial seed: 3 MiB of 4 MiB (75.0 %) on disk; seeding that, downloading nothing")
    #expect(seed.line(Self.seeding(missing: 0)) == nil)
    var download = DownloadNarrative(verbosity: .normal)
    #expect(download.line(Self.seeding(missing: 2)) == "complete, now seeding")
  }

  @Test func theEndOfAPartialSeedSpeaksOfNothingComplete() throws {
    var progress = ProgressSnapshot()
    progress.totalBytes = 4 << 20
    progress.verifiedBytes = 3 << 20
    progress.uploadedBytes = 6 << 20
    let summary = DownloadSummary(
      alreadyComplete: false, duration: .seconds(90), seedingTime: .seconds(90),
      progress: progress, bannedPeers: [])
    let line = try #require(DownloadNarrative(verbosity: .normal).summary(summary, name: "x"))
    #expect(
      line == "x: seeded 3 MiB of 4 MiB for 1:30, 6 MiB sent (ratio 2.00)")
    #expect(
      ProgressRenderer(name: "x", usesColor: false).seedingLine(progress, columns: 80)
        .contains("seeding 75.0 % of it  up"))
    var plain = PlainProgress(name: "x", isSeeding: true, now: .zero)
    let later = Instant.zero + .seconds(11)
    #expect(plain.line(progress, now: later)?.hasPrefix("x: has 75.0 %, sent 6 MiB at ") == true)
  }

  @Test func dataThatIsThereIsTold() {
    var narrative = DownloadNarrative(verbosity: .normal)
    #expect(
      narrative.line(.checked(verifiedBytes: 1 << 20)) == "found 1 MiB of verified data on disk")
    #expect(narrative.line(.checked(verifiedBytes: 0)) == nil)
  }
}

@Suite struct PeerWaitTests {
  /// The lines that so many snapshots in a row bring.
  private func lines(
    _ narrative: inout DownloadNarrative, _ count: Int, peers: Int = 0, verified: Int64 = 0
  ) -> [String] {
    var progress = ProgressSnapshot()
    progress.totalBytes = 10
    progress.verifiedBytes = verified
    progress.connectedPeers = peers
    return (0..<count).compactMap { _ in narrative.line(.progress(progress)) }
  }

  @Test func aRunWithNobodyToAskSaysWhatItWaitsForOnce() {
    var narrative = DownloadNarrative(verbosity: .normal)
    _ = narrative.line(.listening(port: 6881, datagramPort: 6881))
    #expect(lines(&narrative, 2).isEmpty, "a peer may need a moment")
    let said = lines(&narrative, 100)
    #expect(said.count == 1)
    #expect(said.first?.contains("there is no tracker") == true)
    #expect(said.first?.contains("port 6881") == true)
    #expect(lines(&narrative, 100, peers: 1).isEmpty)
    #expect(lines(&narrative, 100).count == 1, "it has lost its peers")
  }

  @Test func whoHasAllWaitsForNobody() {
    var narrative = DownloadNarrative(verbosity: .normal)
    #expect(lines(&narrative, 100, verified: 10).isEmpty)
  }

  @Test func whatTheTrackersSaidIsTheReason() {
    let working = TrackerReport.State.working(peers: 0, seeders: nil, leechers: nil, next: .zero)
    let reasons: [(TrackerReport.State, String)] = [
      (.announcing, "has answered yet"), (.failed("x"), "could be reached"),
      (working, "no peer from the trackers has answered"),
    ]
    for (state, words) in reasons {
      var narrative = DownloadNarrative(verbosity: .normal)
      _ = narrative.line(.tracker(TrackerReport(url: "http://host/", state: state)))
      _ = narrative.line(.tracker(TrackerReport(url: "http://host/", state: .announcing)))
      #expect(lines(&narrative, 100).first?.contains(words) == true, "\(state)")
    }
  }
}

@Suite struct TrackerNarrativeTests {
  private let url = "http://host/announce"

  @Test func aFailureIsToldOnceUntilItChanges() {
    var narrative = DownloadNarrative(verbosity: .normal)
    let failure = DownloadEvent.tracker(TrackerReport(url: url, state: .failed("no answer")))
    #expect(narrative.line(failure) == "tracker http://host/announce: no answer")
    #expect(narrative.line(failure) == nil)
    let works = TrackerReport.State.working(peers: 0, seeders: nil, leechers: nil, next: .zero)
    #expect(narrative.line(.tracker(TrackerReport(url: url, state: works))) == nil)
    #expect(narrative.line(failure) != nil)
  }

  @Test func aWarningIsTold() {
    var narrative = DownloadNarrative(verbosity: .normal)
    let report = TrackerReport(url: url, state: .announcing, warning: "go away")
    #expect(narrative.line(.tracker(report)) == "tracker http://host/announce warns: go away")
  }

  @Test func anAnswerIsToldInFullWhenAsked() {
    var narrative = DownloadNarrative(verbosity: .verbose)
    let state = TrackerReport.State.working(peers: 1, seeders: 2, leechers: 3, next: .seconds(5))
    #expect(
      narrative.line(.tracker(TrackerReport(url: url, state: state)))
        == "tracker http://host/announce: 1 peer (2 seeds, 3 leeches); next announce in 5.00 s")
  }
}

@Suite struct CommandFailureTests {
  @Test func aForeignFileEndsWith13AndSaysWhatToDo() {
    let failure = CommandFailure(
      .storage(.outputExists(path: "a/b")), session: SessionOptions(), output: OutputOptions())
    #expect(failure.status == .outputExists)
    #expect(failure.hint?.contains("--overwrite") == true)
  }

  @Test func missingDataToSeedEndsWith32AndNamesTheFolder() {
    var output = OutputOptions()
    output.folder = "have"
    let failure = CommandFailure(
      .nothingToSeed(pieceCount: 3), session: SessionOptions(), output: output)
    #expect(failure.status == .verificationFailed)
    #expect(failure.hint?.contains("'have'") == true)
  }

  @Test func aPortInUseEndsWith6() {
    let failure = CommandFailure(
      .listenFailed("in use"), session: SessionOptions(), output: OutputOptions())
    #expect(failure.status == .networkFailure)
  }

  @Test func theTextHasAPrefixAndAnIndentedHint() {
    let failure = CommandFailure(.failure, "no \u{1B}", hint: "do this")
    #expect(failure.text == "swift-torrent: error: no \u{FFFD}\n  do this\n")
  }
}
