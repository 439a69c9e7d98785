import TestSupport
import Testing

/// The arrows of the map.
///
/// SwiftPM itself lets a target import what its dependencies depend on.
@Suite struct ImportTests {
  /// Targets without sockets, files, clock, tasks and randomness: the system is closed to them.
  private static let pure: Set = [
    "Primitives", "Hashing", "Bencode", "Metainfo", "PeerWire", "Swarm",
  ]
  private static let shellModules: Set = ["Glibc", "Synchronization", "Dispatch"]
  private static let testModules: Set = [
    "Testing", "Foundation", "FoundationNetworking", "Glibc", "Synchronization", "Dispatch",
  ]

  @Test func targetsImportOnlyWhatThePackageAllows() throws {
    let libraries = try PackageTable.read("libraries")
    #expect(libraries.rows.count >= 13)
    for file in try SourceFile.all(below: "Sources") where file.target != "swift-torrent" {
      let own = try #require(libraries.imports(of: file.target), "\(file.path) has no row")
      let system = Self.systemModules(of: file.target)
      for name in file.imports where !own.contains(name) && !system.contains(name) {
        Issue.record("\(file.path) imports \(name), which Package.swift does not allow")
      }
    }
  }

  @Test func theExecutableImportsTheCommandLineOnly() throws {
    let files = try SourceFile.all(below: "Sources/swift-torrent")
    #expect(files.flatMap(\.imports) == ["CLI"])
  }

  @Test func protocolFoldersArePure() throws {
    let effects = Self.shellModules.union(["Networking", "HTTP", "CPosix", "Foundation"])
    for file in try SourceFile.all(below: "Sources") where file.path.contains("/Protocol/") {
      #expect(effects.isDisjoint(with: file.imports), "\(file.path) reaches for the system")
    }
  }

  @Test func testTargetsImportOnlyWhatThePackageAllows() throws {
    let tests = try PackageTable.read("tests")
    let benchmarks = try PackageTable.read("benchmarks")
    for file in try SourceFile.all(below: "Tests") where file.target != "TestSupport" {
      let own = try #require(
        tests.imports(of: file.target) ?? benchmarks.imports(of: file.target),
        "\(file.path) has no row")
      for name in file.imports where !own.contains(name) && !Self.testModules.contains(name) {
        Issue.record("\(file.path) imports \(name), which Package.swift does not allow")
      }
    }
  }

  /// Foundation costs memory and start-up time, so one target alone touches it.
  private static func systemModules(of target: String) -> Set<String> {
    if pure.contains(target) { return [] }
    return target == "HTTP"
      ? shellModules.union(["Foundation", "FoundationNetworking"]) : shellModules
  }
}
