/// Names of hosts, as links and trackers write them.
public enum HostName {
  /// The longest name, in bytes (RFC 1035).
  public static let maximumLength = 253

  /// Returns whether text consists of ASCII letters, digits, `-`, `.` and `_`, and is not too long.
  public static func isPlausible(_ text: some StringProtocol) -> Bool {
    (1...maximumLength).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
      }
  }
}
