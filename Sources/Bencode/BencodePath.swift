import Primitives

/// The location of a value in nested bencoded data: the keys and list positions that lead to it.
public struct BencodePath: Hashable, Sendable, CustomStringConvertible {
  /// One step into a container.
  public enum Component: Hashable, Sendable {
    /// The key of a dictionary entry, which need not be text.
    case key([UInt8])
    /// The position of a list element, starting at 0.
    case index(Int)
  }

  /// The steps from the top-level value.
  public var components: [Component]

  /// Creates a path; an empty one denotes the top-level value.
  public init(_ components: [Component] = []) {
    self.components = components
  }

  /// The path in the form `info.files[3].path`, with non-printable bytes as `%XX`.
  ///
  /// Long keys and long paths are truncated, because the text is meant for messages.
  public var description: String {
    var text = ""
    for component in components.prefix(12) {
      switch component {
      case .key(let key):
        if !text.isEmpty { text += "." }
        text += Self.describe(key)
      case .index(let index): text += "[\(index)]"
      }
    }
    if components.count > 12 { text += "…" }
    return text.isEmpty ? "the top-level value" : text
  }

  /// Returns a key as text for messages.
  static func describe(_ key: [UInt8]) -> String {
    guard !key.isEmpty else { return "\"\"" }
    return PercentEncoding.encode(key.prefix(64), allowing: .printable)
      + (key.count > 64 ? "…" : "")
  }
}
