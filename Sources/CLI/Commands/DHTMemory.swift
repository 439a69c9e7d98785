import Download
import Glibc
import Synchronization

/// The known state of the DHT, kept from one torrent to the next and, with `--dht-state`, from one
/// run of the program to the next.
///
/// The file is read once. It is replaced after each torrent that used the DHT.
final class DHTMemory: Sendable {
  private struct Content {
    var state: [UInt8]
    /// Whether a current run uses the node id of the state, which two nodes cannot share.
    var isLent = false
  }

  private let path: String?
  private let content: Mutex<Content>

  /// Loads the state from the file, if there is one.
  ///
  /// - Throws: The reason why the file cannot be used. A file with other content is never
  ///   overwritten.
  init(path: String?) throws(CommandFailure) {
    self.path = path
    var state: [UInt8] = []
    if let path, access(path, F_OK) == 0 {
      state = try FileBytes.read(path, limit: 4 * DHTOptions.maximumStateLength)
      if !state.isEmpty, let objection = DHTOptions.objection(toState: state) {
        throw CommandFailure(
          .inputOutputFailure, "\(path): \(objection)",
          hint: "the file is left unchanged; choose another one with --dht-state, or remove it")
      }
    }
    content = Mutex(Content(state: state))
  }

  /// Returns the session's options for the run of a torrent that starts with the known state and
  /// saves its own; without the DHT if the torrent does not use it.
  func lent(_ session: SessionOptions, to torrent: TorrentOptions) -> SessionOptions {
    var session = session
    session.dht = torrent.sources.usesDHT ? session.dht.map(lent) : nil
    return session
  }

  private func lent(_ options: DHTOptions) -> DHTOptions {
    var options = options
    (options.state, options.keepsID) = content.withLock { content in
      defer { content.isLent = true }
      return (content.state, !content.isLent)
    }
    let ownsID = options.keepsID
    options.saveState = { state in
      self.content.withLock { content in
        // The run with the node id keeps the state for its successor.
        if ownsID || content.state.isEmpty { content.state = state }
      }
    }
    return options
  }

  /// Ends the loan of the state to a run.
  ///
  /// - Parameter session: The options that the run was lent.
  /// - Returns: The reason why the file could not be written, as text; nil if it was, or if there
  ///   is no file.
  func settle(_ session: SessionOptions) -> String? {
    guard let options = session.dht else { return nil }
    let state = content.withLock { content in
      if options.keepsID { content.isLent = false }
      return content.state
    }
    guard let path, !state.isEmpty else { return nil }
    return Self.replace(path, with: state).map {
      "\(path): the DHT nodes could not be saved: \(Console.message(for: $0))"
    }
  }

  /// Writes a temporary file and renames it to the path; returns the `errno` of a failure.
  private static func replace(_ path: String, with bytes: [UInt8]) -> Int32? {
    var name = Array("\(path).XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { return errno }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var code = Console.write(bytes, to: descriptor)
    if close(descriptor) != 0, code == nil { code = errno }
    if code == nil, rename(name, path) != 0 { code = errno }
    if code != nil { unlink(name) }
    return code
  }
}
