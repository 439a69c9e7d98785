import Download
import Glibc
import Synchronization

/// What is known of the distributed hash table, from one torrent to the next and, if there is a file
/// for it, from one run of the program to the next.
///
/// The file is read once, and replaced as a whole after each torrent that took part.
final class DHTMemory: Sendable {
  private struct Content {
    var state: [UInt8]
    /// Whether a run under way has the state's id: two nodes at a time cannot share it.
    var isLent = false
  }

  private let path: String?
  private let content: Mutex<Content>

  /// Begins with the content of the file, if there is a path and a file.
  ///
  /// - Throws: Why the file can't be used; one that holds anything else is never overwritten.
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

  /// The same options for a run that begins with what is known, and whose findings are kept.
  func lent(_ options: DHTOptions) -> DHTOptions {
    var options = options
    (options.state, options.keepsID) = content.withLock { content in
      defer { content.isLent = true }
      return (content.state, !content.isLent)
    }
    let ownsID = options.keepsID
    options.saveState = { state in
      self.content.withLock { content in
        // Whoever had the id keeps it for the next one.
        if ownsID || content.state.isEmpty { content.state = state }
      }
    }
    return options
  }

  /// A run that was lent to has ended.
  ///
  /// - Parameter options: What it had.
  /// - Returns: Why the file could not be written, for people; nil when it was, or there is none.
  func settle(_ options: DHTOptions) -> String? {
    let state = content.withLock { content in
      if options.keepsID { content.isLent = false }
      return content.state
    }
    guard let path, !state.isEmpty else { return nil }
    return Self.replace(path, with: state).map {
      "\(path): the DHT nodes could not be saved: \(Console.message(for: $0))"
    }
  }

  /// Writes a file under another name beside it and renames that; the `errno` of a failure.
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
