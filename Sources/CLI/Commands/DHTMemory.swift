import Download
import Glibc
import Synchronization

/// The known state of the DHT, kept from one run of the program to the next with `--dht-state`.
///
/// The file is read once at the start, and replaced once at the end if the DHT was used.
final class DHTMemory: DHTStateKeeper {
  private struct Content {
    var state: [UInt8]
    /// A Boolean value indicating whether a run has brought a newer state than the file's.
    var isNew = false
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
    if let path, unsafe access(path, F_OK) == 0 {
      state = try FileBytes.read(path, limit: 4 * DHTOptions.maximumStateLength)
      if !state.isEmpty, let objection = DHTOptions.objection(toState: state) {
        throw CommandFailure(
          .inputOutputFailure, "\(path): \(objection)",
          hint: "the file is left unchanged; choose another one with --dht-state, or remove it")
      }
    }
    content = Mutex(Content(state: state))
  }

  /// Returns the options for a node that starts with the known state and saves its own.
  func lent(_ options: DHTOptions) -> DHTOptions {
    var options = options
    options.state = content.withLock { $0.state }
    options.keeper = self
    return options
  }

  func keep(_ state: [UInt8]) {
    content.withLock { content in
      content.state = state
      content.isNew = true
    }
  }

  /// Writes the state to the file, if there is one and a node has brought a new state.
  ///
  /// - Returns: The reason why the file could not be written, as text; nil if there is none.
  func save() -> String? {
    let state = content.withLock { content in
      defer { content.isNew = false }
      return content.isNew ? content.state : []
    }
    guard let path, !state.isEmpty else { return nil }
    return Self.replace(path, with: state).map {
      "\(path): the DHT nodes could not be saved: \(Console.message(for: $0))"
    }
  }

  /// Writes a temporary file and renames it to the path; returns the `errno` of a failure.
  private static func replace(_ path: String, with bytes: [UInt8]) -> Int32? {
    var name = Array("\(path).XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&name)
    guard descriptor >= 0 else { return errno }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var code = Console.write(bytes, to: descriptor)
    if close(descriptor) != 0, code == nil { code = errno }
    if code == nil, unsafe rename(name, path) != 0 { code = errno }
    if code != nil { unsafe unlink(name) }
    return code
  }
}
