import Glibc

/// The file of `--log`, to which lines are appended with their time.
struct LogFile {
  private let descriptor: Int32

  /// Opens the file for appending.
  init(path: String) throws(CommandFailure) {
    descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o666)
    guard descriptor >= 0 else {
      throw CommandFailure(
        .inputOutputFailure, "the log \(path) cannot be opened: \(Console.message(for: errno))")
    }
  }

  /// Appends a line; a failure to do so does not end the download.
  func append(_ line: String) {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    let time = TorrentReport.date(Int64(now.tv_sec))
    _ = Console.write(Array("\(time)  \(TerminalText.cleaned(line))\n".utf8), to: descriptor)
  }
}
