internal import Primitives

/// The text of a GET request (RFC 9112 §2, §3).
enum HTTPRequestText {
  /// Returns the bytes of a request.
  ///
  /// A header field whose name or value contains a line break or another control character is left
  /// out, which prevents header injection.
  static func get(
    _ url: HTTPURL, userAgent: String, headers: [(name: String, value: String)],
    keepsAlive: Bool
  ) -> [UInt8] {
    var text = "GET \(url.target) HTTP/1.1\r\nHost: \(url.authority)\r\n"
    var fields = [
      (name: "User-Agent", value: userAgent), (name: "Accept", value: "*/*"),
      (name: "Accept-Encoding", value: "identity"),
      (name: "Connection", value: keepsAlive ? "keep-alive" : "close"),
    ]
    if let credentials = url.credentials {
      fields.append((name: "Authorization", value: "Basic " + base64(credentials)))
    }
    for (name, value) in fields + headers where isSafe(name) && isSafe(value) {
      text += "\(name): \(value)\r\n"
    }
    return Array((text + "\r\n").utf8)
  }

  private static func isSafe(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
  }

  /// Encodes bytes in Base64 (RFC 4648 §4).
  static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for place in 0..<4 {
        text.append(
          place <= group.count ? digits[value >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
