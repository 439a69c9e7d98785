import CLI
import Download
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
    let event = DownloadEvent.peerConnected(try peer(), client: "evil\u{1B}[2J")
    #expect(line(.normal, event) == nil)
    #expect(
      line(.verbose, event)
        == "connected to 192.0.2.1:6881 (evil\u{FFFD}[2J)")
  }

  @Test func quietSaysNothing() throws {
    var narrative = DownloadNarrative(verbosity: .quiet)
    #expect(narrative.line(.peerBanned(try peer(), reason: "x")) == nil)
    #expect(narrative.line(.checked(verifiedBytes: 5)) == nil)
  }

  @Test func dataThatIsThereIsTold() {
    var narrative = DownloadNarrative(verbosity: .normal)
    #expect(narrative.line(.checked(verifiedBytes: 1 << 20)) == "1 MiB are there already")
    #expect(narrative.line(.checked(verifiedBytes: 0)) == nil)
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
        == "tracker http://host/announce: 1 peer (2 seeds, 3 leeches), asked again in 5.00 s")
  }
}

@Suite struct CommandFailureTests {
  @Test func aForeignFileEndsWith13AndSaysWhatToDo() {
    let failure = CommandFailure(.storage(.outputExists(path: "a/b")), options: DownloadOptions())
    #expect(failure.status == .outputExists)
    #expect(failure.hint?.contains("--overwrite") == true)
  }

  @Test func missingDataToSeedEndsWith32AndNamesTheFolder() {
    var options = DownloadOptions()
    options.folder = "have"
    let failure = CommandFailure(.incomplete(missingPieces: 3), options: options)
    #expect(failure.status == .verificationFailed)
    #expect(failure.hint?.contains("'have'") == true)
  }

  @Test func aPortInUseEndsWith6() {
    let failure = CommandFailure(.listenFailed("in use"), options: DownloadOptions())
    #expect(failure.status == .networkFailure)
  }

  @Test func theTextHasAPrefixAndAnIndentedHint() {
    let failure = CommandFailure(.failure, "no \u{1B}", hint: "do this")
    #expect(failure.text == "swift-torrent: error: no \u{FFFD}\n  do this\n")
  }
}
