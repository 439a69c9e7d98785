// swift-tools-version: 6.2
import PackageDescription

/// The module map.
///
/// A target imports only targets of lower layers; `Sources/ARCHITECTURE.md` draws the picture and
/// `ArchitectureTests` hold the arrows, because SwiftPM lets transitive imports by.
///
/// An entry is a target's name and what it may import.
let cTargets = ["CHashing", "CPosix"]

let libraries: KeyValuePairs<String, [String]> = [
  // Layer 0
  "Primitives": [],
  // Layer 1
  "Hashing": ["CHashing"],
  "Bencode": ["Primitives"],
  // Layer 2
  "Metainfo": ["Bencode", "Hashing", "Primitives"],
  "PeerWire": ["Bencode", "Hashing", "Primitives"],
  "Swarm": ["Primitives"],
  "Networking": ["CPosix", "Primitives"],
  "HTTP": ["Networking", "Primitives"],
  // Layer 3
  "Tracker": ["Bencode", "Networking", "HTTP", "Primitives"],
  "DHT": ["Bencode", "Hashing", "Networking", "Primitives"],
  "Storage": ["Bencode", "Metainfo", "Hashing", "CPosix", "Primitives"],
  // Layer 4
  "Download": [
    "Tracker", "DHT", "Storage", "Networking", "HTTP", "PeerWire", "Metainfo", "Swarm", "Hashing",
    "Primitives",
  ],
  // Layer 5
  "Platform": ["Download", "Tracker", "Networking", "HTTP", "Primitives"],
  "Demo": [
    "Download", "Tracker", "Storage", "Networking", "HTTP", "PeerWire", "Metainfo", "Hashing",
    "Primitives",
  ],
  // Layer 6
  "CLI": [
    "Demo", "Platform", "Download", "Metainfo", "Bencode", "Storage", "Tracker", "Hashing",
    "CPosix", "Primitives",
  ],
]

let tests: KeyValuePairs<String, [String]> = [
  "PrimitivesTests": ["Primitives", "TestSupport"],
  "HashingTests": ["Hashing", "CHashing", "Primitives", "TestSupport"],
  "BencodeTests": ["Bencode", "Primitives", "TestSupport"],
  "MetainfoTests": ["Metainfo", "Bencode", "Hashing", "Primitives", "TestSupport"],
  "PeerWireTests": ["PeerWire", "Bencode", "Hashing", "Primitives", "TestSupport"],
  "SwarmTests": ["Swarm", "Primitives", "TestSupport"],
  "NetworkingTests": ["Networking", "Primitives", "TestSupport"],
  "HTTPTests": ["HTTP", "Networking", "Primitives", "TestSupport"],
  "TrackerTests": ["Tracker", "HTTP", "Networking", "Bencode", "Primitives", "TestSupport"],
  "DHTTests": ["DHT", "Bencode", "Hashing", "Networking", "Primitives", "TestSupport"],
  "StorageTests": ["Storage", "Metainfo", "Bencode", "Hashing", "Primitives", "TestSupport"],
  "DownloadTests": [
    "Download", "Demo", "Tracker", "DHT", "Storage", "Networking", "HTTP", "PeerWire", "Metainfo",
    "Swarm", "Bencode", "Hashing", "Primitives", "TestSupport",
  ],
  "PlatformTests": ["Platform", "HTTP", "Networking", "Primitives", "TestSupport"],
  "CLITests": [
    "CLI", "Platform", "Download", "Bencode", "Metainfo", "Networking", "Storage", "Tracker",
    "Primitives", "TestSupport",
  ],
  "EndToEndTests": [
    "Demo", "DHT", "Download", "Networking", "Metainfo", "Hashing", "Primitives", "TestSupport",
  ],
  "InteropTests": [
    "Demo", "DHT", "Networking", "Metainfo", "Hashing", "Primitives", "TestSupport",
  ],
  "ArchitectureTests": ["TestSupport"],
]

/// Programs that only measure; `Tests/bench --micro` runs them.
let benchmarks: KeyValuePairs<String, [String]> = [
  "Benchmarks": ["Bencode", "CHashing", "Hashing", "PeerWire", "Primitives", "Swarm"]
]

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// Targets that mark every use of unsafe memory with `unsafe`, so that a reader finds them all.
let strictlySafe: Set = [
  "Primitives", "Hashing", "Bencode", "Metainfo", "PeerWire", "Swarm", "Networking", "HTTP",
  "Tracker", "DHT", "Storage", "Download", "Platform", "Demo", "CLI",
]

func settings(_ name: String) -> [SwiftSetting] {
  strictlySafe.contains(name) ? swiftSettings + [.strictMemorySafety()] : swiftSettings
}

func dependencies(_ names: [String]) -> [Target.Dependency] {
  names.map { .target(name: $0) }
}

let package = Package(
  name: "swift-torrent",
  products: [
    .executable(name: "swift-torrent", targets: ["swift-torrent"]),
    .library(name: "Download", targets: ["Download"]),
  ],
  targets: cTargets.map { .target(name: $0, cSettings: [.treatAllWarnings(as: .error)]) }
    + libraries.map { name, imports in
      .target(name: name, dependencies: dependencies(imports), swiftSettings: settings(name))
    }
    + [
      .executableTarget(
        name: "swift-torrent", dependencies: ["CLI"], swiftSettings: swiftSettings),
      .target(
        name: "TestSupport",
        dependencies: dependencies([
          "Bencode", "Download", "HTTP", "Hashing", "Metainfo", "Networking", "PeerWire",
          "Primitives", "Storage", "Tracker",
        ]),
        path: "Tests/TestSupport",
        swiftSettings: swiftSettings),
    ]
    + benchmarks.map { name, imports in
      .executableTarget(
        name: name, dependencies: dependencies(imports), path: "Tests/\(name)/Micro",
        swiftSettings: swiftSettings)
    }
    + tests.map { name, imports in
      .testTarget(
        name: name, dependencies: dependencies(imports),
        exclude: name == "InteropTests" ? ["Scripts"] : [], swiftSettings: swiftSettings)
    }
)
