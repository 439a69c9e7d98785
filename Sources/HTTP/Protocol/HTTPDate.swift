/// A reader of HTTP dates (RFC 9110 §5.6.7), such as `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// The two obsolete formats, which senders must not generate, are not supported.
enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Returns the seconds since 1970, or nil for a malformed date.
  static func seconds(_ text: String) -> Int64? {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 6, words[5] == "GMT", let day = number(words[1], length: 2, in: 1...31),
      let month = months.firstIndex(of: String(words[2])),
      let year = number(words[3], length: 4, in: 1970...9999)
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
    guard clock.count == 3, let hour = number(clock[0], length: 2, in: 0...23),
      let minute = number(clock[1], length: 2, in: 0...59),
      let second = number(clock[2], length: 2, in: 0...60)
    else { return nil }
    return ((days(year, month + 1, day) * 24 + hour) * 60 + minute) * 60 + second
  }

  private static func number(
    _ text: Substring, length: Int, in range: ClosedRange<Int64>
  ) -> Int64? {
    guard text.utf8.count == length, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let value = Int64(text), range.contains(value)
    else { return nil }
    return value
  }

  /// Returns the days since 1970, counting years from March so that leap days come last.
  private static func days(_ year: Int64, _ month: Int, _ day: Int64) -> Int64 {
    let year = month > 2 ? year : year - 1
    let month = Int64(month > 2 ? month - 3 : month + 9)
    let leapDays = year / 4 - year / 100 + year / 400
    return year * 365 + leapDays + (month * 153 + 2) / 5 + day - 719_469
  }
}
