import Primitives

/// Where in nested bencoded data a value is: the keys and list positions that lead to it.
public struct BencodePath: Hashable, Sendable, CustomStringConvertible {
  /// One step into a container.
  public enum Component: Hashable, Sendable {
    /// The value of a dictionary's key, which need not be text.
    case key([UInt8])
    /// The element of a list, from 0.
    case index(Int)
  }

  /// The steps from the outermost value.
  public var components: [Component]

  /// Creates a path; without components it names the outermost value.
  public init(_ components: [Component] = []) {
    self.components = components
  }

  /// The path as `info.files[3].path`, with bytes that are not plain text as `%XX`.
  ///
  /// Long keys and long paths are cut, because the text is for messages.
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
    return text.isEmpty ? "the outermost value" : text
  }

  /// A key as text for messages.
  static func describe(_ key: [UInt8]) -> String {
    guard !key.isEmpty else { return "\"\"" }
    return PercentEncoding.encode(key.prefix(64), allowing: .printable)
      + (key.count > 64 ? "…" : "")
  }
}
