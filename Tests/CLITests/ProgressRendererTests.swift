import CLI
import Download
import Primitives
import Testing

@Suite struct ProgressRendererTests {
  private let renderer = ProgressRenderer(name: "debian.iso", usesColor: false)

  private func snapshot(done: Int64, eta: Duration? = .seconds(9)) -> ProgressSnapshot {
    var snapshot = ProgressSnapshot()
    snapshot.totalBytes = 1 << 30
    snapshot.verifiedBytes = done
    snapshot.downloadRate = Double(11 << 20)
    snapshot.connectedPeers = 14
    snapshot.seeds = 5
    snapshot.eta = eta
    return snapshot
  }

  @Test func aWideTerminalShowsEverything() {
    let line = renderer.line(snapshot(done: 1 << 29), columns: 130)
    let bar =
      String(repeating: "=", count: 19) + ">" + String(repeating: " ", count: 20)
    #expect(
      line == "debian.iso  [\(bar)]"
        + "  50.0 %       0.50 of 1 GiB     11 MiB/s  ETA  0:09  14 peers, 5 seeds")
  }

  @Test func theBarIsEmptyAtTheStartAndFullAtTheEnd() {
    #expect(
      renderer.line(snapshot(done: 0), columns: 200).contains(
        "[" + String(repeating: " ", count: 40) + "]"))
    let end = renderer.line(snapshot(done: 1 << 30), columns: 200)
    #expect(end.contains("[" + String(repeating: "=", count: 40) + "]   100 %"))
  }

  @Test func anUnknownTimeToGoIsNotGuessed() {
    #expect(renderer.line(snapshot(done: 5, eta: nil), columns: 120).contains("ETA --:--"))
  }

  @Test(arguments: 0...160)
  func noLineReachesTheLastColumn(columns: Int) {
    let wide = ProgressRenderer(name: "日本語の長い名前のファイル.mkv", usesColor: false)
    for renderer in [renderer, wide] {
      for done in [Int64(0), 1 << 29, 1 << 30] {
        let line = renderer.line(snapshot(done: done), columns: columns)
        #expect(TerminalText.width(line) <= max(0, columns - 1))
        let seeding = renderer.seedingLine(snapshot(done: done), columns: columns)
        #expect(TerminalText.width(seeding) <= max(0, columns - 1))
        let checking = renderer.checkingLine(done: done, total: 1 << 30, columns: columns)
        #expect(TerminalText.width(checking) <= max(0, columns - 1))
      }
    }
  }

  @Test func aNarrowTerminalKeepsThePercentage() {
    #expect(renderer.line(snapshot(done: 1 << 29), columns: 8) == "50.0 %")
    #expect(renderer.line(snapshot(done: 1 << 29), columns: 20) == "debian.iso   50.0 %")
    #expect(renderer.line(snapshot(done: 1 << 29), columns: 32).contains("[====>     ]  50.0 %"))
    // The speed is of more interest than the sizes.
    let half = renderer.line(snapshot(done: 1 << 29), columns: 60)
    #expect(half.hasPrefix("debian.iso  ["))
    #expect(half.hasSuffix("]  50.0 %     11 MiB/s  ETA  0:09"))
  }

  @Test func nothingMovesWhileNumbersGrow() {
    let lines = [Int64(0), 5 << 20, 1 << 29, 1 << 30].map { done in
      var now = snapshot(done: done, eta: .seconds(done >> 20))
      now.downloadRate = Double(done) / 8
      now.connectedPeers = Int(done >> 24)
      return renderer.line(now, columns: 110)
    }
    for mark in ["[", "]", "%", "of", "/s", "ETA"] {
      let places = Set(lines.map { $0.firstRange(of: mark)?.lowerBound.utf16Offset(in: $0) })
      #expect(places.count == 1, "\(lines)")
    }
  }

  @Test func colourIsUsedOnlyWhenAllowed() {
    let coloured = ProgressRenderer(name: "x", usesColor: true)
    #expect(coloured.line(snapshot(done: 1 << 29), columns: 80).contains("\u{1B}[32m"))
    #expect(!renderer.line(snapshot(done: 1 << 29), columns: 80).contains("\u{1B}"))
  }

  @Test func theNameCannotSteerTheTerminal() {
    let evil = ProgressRenderer(name: "\u{1B}]0;owned\u{7}", usesColor: false)
    #expect(!evil.line(snapshot(done: 1), columns: 200).contains("\u{1B}"))
  }
}

@Suite struct PlainProgressTests {
  private func snapshot(done: Int64) -> ProgressSnapshot {
    var snapshot = ProgressSnapshot()
    snapshot.totalBytes = 1000
    snapshot.verifiedBytes = done
    snapshot.downloadRate = 100
    snapshot.connectedPeers = 1
    snapshot.eta = .seconds(5)
    return snapshot
  }

  @Test func aLineIsDueEveryTenSecondsAtMost() {
    var progress = PlainProgress(name: "x", now: .zero)
    var lines = 0
    for half in 1...120
    where progress.line(snapshot(done: 500), now: .zero + .milliseconds(500 * half)) != nil {
      lines += 1
    }
    #expect(lines == 6)
  }

  @Test func theLineSaysHowFarAndHowFast() {
    var progress = PlainProgress(name: "x", now: .zero)
    #expect(
      progress.line(snapshot(done: 500), now: .zero + .seconds(10))
        == "x: 50.0 %, 500 B of 1000 B at 100 B/s, 0:05 to go, 1 peer")
  }

  @Test func checkingHasItsOwnLine() {
    var progress = PlainProgress(name: "x", now: .zero)
    #expect(progress.checkingLine(done: 1, total: 4, now: .zero) == nil)
    #expect(
      progress.checkingLine(done: 1, total: 4, now: .zero + .seconds(10))
        == "x: checked 25.0 % of 4 B")
  }
}
