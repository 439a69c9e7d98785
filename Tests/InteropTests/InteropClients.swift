import Foundation
import TestSupport
import Testing

/// The programs that we did not write and that the interop tests need.
enum InteropClients {
  /// The programs that cannot be found.
  static let missing: [String] = {
    let programs = [
      "aria2c", "transmission-daemon", "opentracker", "qbittorrent-nox", "ip", "unshare", "nsenter",
      "python3",
      "sha256sum",
    ]
    return TestNeeds.missing(of: programs)
      + (libtorrentPython == nil ? ["libtorrent (in .venv)"] : [])
  }()

  /// The Python that can import libtorrent; nil when there is none.
  static let libtorrentPython: String? = {
    let chosen = ProcessInfo.processInfo.environment["SWIFT_TORRENT_PYTHON"]
    let python = chosen ?? FixtureFolder.repositoryPath(".venv/bin/python3")
    let packages = python.replacingOccurrences(of: "/bin/python3", with: "/lib")
    guard FileManager.default.isExecutableFile(atPath: python) else { return nil }
    let found = FileManager.default.enumerator(atPath: packages)?.contains { entry in
      (entry as? String)?.hasSuffix("site-packages/libtorrent") ?? false
    }
    return found == true ? python : nil
  }()

  /// The suites that run here.
  static var areInstalled: Bool { missing.isEmpty }
}

/// A test that says which suites ran and which did not, so that a green run cannot hide a hole.
@Suite struct ClientPresenceTests {
  @Test(.enabled(if: TestNeeds.areRequired, "SWIFT_TORRENT_REQUIRE_CLIENTS is not 1"))
  func everyClientIsInstalled() {
    #expect(InteropClients.missing.isEmpty, "run Tests/run, which installs them")
  }

  @Test func webSeedsAreNamedWhenTheyAreLeftOut() {
    guard !TestNeeds.missing(of: ["nginx"]).isEmpty else { return }
    TestNeeds.note(
      leftOut: "WebSeedInteropTests", because: "nginx is missing; Tests/run installs it")
  }

  @Test func suitesThatAreLeftOutAreNamed() {
    if !BenchmarkNeeds.areMet {
      TestNeeds.note(
        leftOut: "BenchmarkTests",
        because:
          "\(BenchmarkNeeds.missing.joined(separator: ", ")) missing; Tests/run installs them")
    }
    guard !InteropClients.areInstalled else { return }
    TestNeeds.note(
      leftOut: "LeechInteropTests, SeedInteropTests, TrackerInteropTests, IPv6InteropTests, "
        + "MagnetInteropTests, PeerExchangeInteropTests, ReferenceClientTests",
      because: "\(InteropClients.missing.joined(separator: ", ")) missing; Tests/run installs them")
  }
}
