import Foundation
import TestSupport

/// Random data and a torrent of it, made by a script that shares no code with us.
struct InteropPayload {
  /// The files of the torrent.
  enum Shape: Sendable {
    case singleFile(size: Int)
    case folder([(path: String, size: Int)])

    fileprivate var entries: [String] {
      switch self {
      case .singleFile(let size): ["\(size)"]
      case .folder(let files): files.map { "\($0.path)=\($0.size)" }
      }
    }
  }

  /// The .torrent file.
  let torrent: String
  /// The folder that holds the complete data.
  let folder: String
  /// The name of the file or of the top folder.
  let name: String
  /// The info-hash in hexadecimal.
  let infoHash: String
  /// Every file's path, from the folder that holds the data, and size.
  let files: [(path: String, size: Int)]

  /// Makes a payload below `folder`.
  static func make(
    in folder: String, name: String = "payload", shape: Shape, pieceLength: Int, tracker: String,
    webSeed: String? = nil
  ) async throws -> InteropPayload {
    let script = FixtureFolder.repositoryPath("Tests/InteropTests/Scripts/make_torrent.py")
    let outcome = try await ProcessRunner.run(
      ["python3", script, folder, name, String(pieceLength), tracker] + shape.entries,
      environment: webSeed.map { ["WEB_SEED": $0] } ?? [:])
    guard outcome.ending == .exited(0) else {
      throw ProcessError.conditionNotMet("the payload is made: \(outcome.errors)")
    }
    let files: [(path: String, size: Int)] =
      switch shape {
      case .singleFile(let size): [(name, size)]
      case .folder(let files): files.map { ("\(name)/\($0.path)", $0.size) }
      }
    return InteropPayload(
      torrent: "\(folder)/\(name).torrent", folder: "\(folder)/data", name: name,
      infoHash: outcome.output.trimmingCharacters(in: .whitespacesAndNewlines), files: files)
  }

  /// The SHA-256 of every file below `folder`, in the torrent's order; an absent file is an error.
  func digests(in folder: String) async throws -> [String] {
    let outcome = try await ProcessRunner.run(
      ["sha256sum"] + files.map { "\(folder)/\($0.path)" })
    guard outcome.ending == .exited(0) else {
      throw ProcessError.conditionNotMet("every file is there: \(outcome.errors)")
    }
    return outcome.output.split(separator: "\n").map { String($0.prefix(64)) }
  }

  /// True if the files in `folder` are, byte for byte, those of the torrent.
  func isComplete(in folder: String) async throws -> Bool {
    let expected = try await digests(in: self.folder)
    return try await digests(in: folder) == expected
  }

  /// True if every file has its name and size in `folder`.
  func hasAllSizes(in folder: String) -> Bool {
    files.allSatisfy { file in
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(file.path)")
      return attributes?[.size] as? Int == file.size
    }
  }
}
