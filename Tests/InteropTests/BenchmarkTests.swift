import Foundation
import Hashing
import Primitives
import TestSupport
import Testing

/// The programs of `Tests/bench` download, and judge, rightly; their speed does not matter here.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: BenchmarkNeeds.areMet, "programs are missing; Tests/run installs them"))
struct BenchmarkTests {
  /// Scenarios of `Tests/bench` in small: one file, late answers, many files, a check, seeds that
  /// have parts, and two seconds of seeds that come and go.
  private static let scenarios = ["S1", "S5", "S8", "S9", "parts", "churn"]

  /// Builds the C programs.
  private func build(in folder: TemporaryFolder) async throws -> String {
    let programs = try folder.makeFolder("programs")
    let script = FixtureFolder.repositoryPath("Tests/Benchmarks/build.sh")
    let outcome = try await ProcessRunner.run([script, programs], timeout: .seconds(120))
    try #require(outcome.ending == .exited(0), "\(outcome.errors)")
    return programs
  }

  @Test func everyScenarioIsMeasuredAndVerified() async throws {
    let folder = try TemporaryFolder()
    let command = [
      FixtureFolder.repositoryPath("Tests/bench"), "--scenario",
      Self.scenarios.joined(separator: ","), "--size", "8M", "--minutes", "0.03", "--runs", "1",
      "--clients",
      "swift-torrent,C reference", "--folder", folder.path, "--binary",
      try SwiftTorrentBinary.path(),
    ]
    let outcome = try await ProcessRunner.run(command, timeout: .seconds(240))
    #expect(outcome.ending == .exited(0), "\(outcome.errors)\(outcome.output)")
    for scenario in Self.scenarios {
      #expect(outcome.output.contains("### \(scenario): "), "\(outcome.output)")
    }
    #expect(!outcome.output.contains("failed"), "\(outcome.output)")
    // Nothing stays behind.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func theReferenceDownloadsRightBytesAndRefusesWrongOnes() async throws {
    try await withSeeder { folder, payload, reference in
      let good = try await reference(payload.hashes)
      #expect(good.ending == .exited(0), "\(good.errors)")
      let downloaded = try Data(contentsOf: URL(fileURLWithPath: folder.file("output")))
      #expect(downloaded == payload.data)
      var hashes = payload.hashes
      hashes[hashes.count - 1] ^= 1
      let bad = try await reference(hashes)
      #expect(bad.ending == .exited(1))
      #expect(bad.errors.contains("piece 30 is wrong"), "\(bad.errors)")
    }
  }

  /// Bytes, and the hash of each piece one after the other.
  private struct Payload {
    let data: Data
    let hashes: [UInt8]
  }

  private static let infoHash = String(repeating: "0123456789", count: 4)
  private static let addresses = ["10.77.1.1:7000", "10.77.1.2:7000", "10.77.1.3:7000"]
}

extension BenchmarkTests {
  /// Starts a seeder at three addresses; the last argument of `body` runs the reference against it.
  private func withSeeder(
    _ body: (TemporaryFolder, Payload, ([UInt8]) async throws -> ProcessRunner.Outcome)
      async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    let programs = try await build(in: folder)
    let pieceLength = 65536
    let payload = Self.payload(size: 30 * pieceLength + 16384 + 77, pieceLength: pieceLength)
    try payload.data.write(to: URL(fileURLWithPath: folder.file("payload")))
    let namespace = try await TestNamespace.make(logs: folder.path)
    do {
      let seeder = try namespace.start(
        ["\(programs)/seeder", "--payload", folder.file("payload"), "--piece-length"]
          + ["\(pieceLength)", "--info-hash", Self.infoHash, "--at", "10.77.1.1-10.77.1.3:7000"],
        label: "seeder")
      try await Condition.wait("the seeder listens", timeout: .seconds(20)) {
        seeder.output.contains("READY") || !seeder.isRunning
      }
      try await body(folder, payload) { hashes in
        try Data(hashes).write(to: URL(fileURLWithPath: folder.file("hashes")))
        return try await namespace.run(
          ["\(programs)/reference", "--piece-length", "\(pieceLength)", "--length"]
            + ["\(payload.data.count)", "--info-hash", Self.infoHash, "--hashes"]
            + [folder.file("hashes"), "--output", folder.file("output"), "--window", "20"]
            + Self.addresses)
      }
    } catch {
      await namespace.close()
      throw error
    }
    await namespace.close()
  }

  private static func payload(size: Int, pieceLength: Int) -> Payload {
    var random = SeededRandom(seed: 1)
    let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
    let hashes = stride(from: 0, to: size, by: pieceLength).flatMap { begin in
      SHA1.digest(of: bytes[begin..<min(begin + pieceLength, size)]).bytes
    }
    return Payload(data: Data(bytes), hashes: hashes)
  }
}

/// The programs that the rig needs besides the toolchain.
enum BenchmarkNeeds {
  static let missing = TestNeeds.missing(of: ["ip", "unshare", "nsenter", "python3"])

  /// Where clients are required, a hole is a failure.
  static var areMet: Bool { missing.isEmpty || TestNeeds.areRequired }
}
