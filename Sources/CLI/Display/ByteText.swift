/// Sizes, rates and times as text.
package enum ByteText {
  /// Parses `4096`, `512K`, `2MB`, `2 MiB` or `1.5g`; all units are powers of 1024.
  ///
  /// `MB` means the same as `M` and `MiB`, as in most programs in which `M` is 1024². A fraction of
  /// a byte is dropped.
  package static func parse(_ text: String) -> Int64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    var rest = text.dropFirst(digits.count)
    guard let number = Int64(digits) else { return nil }
    var fraction: Substring = ""
    if rest.first == "." {
      fraction = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(1 + fraction.count)
      guard (1...9).contains(fraction.count) else { return nil }
    }
    let blanks = rest.prefix { $0 == " " }
    rest = rest.dropFirst(blanks.count)
    guard blanks.isEmpty || !rest.isEmpty else { return nil }
    let shift: Int64
    switch rest.uppercased() {
    case "", "B": shift = 0
    case "K", "KB", "KIB": shift = 10
    case "M", "MB", "MIB": shift = 20
    case "G", "GB", "GIB": shift = 30
    case "T", "TB", "TIB": shift = 40
    default: return nil
    }
    // A fraction makes no sense without a unit.
    guard fraction.isEmpty || shift > 0 else { return nil }
    let (size, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    let part = fraction.isEmpty ? 0 : Self.part(fraction, of: 1 << shift)
    let (sum, carry) = size.addingReportingOverflow(part)
    return overflow || carry ? nil : sum
  }

  /// Parses a rate in bytes per second: a size with or without `/s`.
  package static func parseRate(_ text: String) -> Int64? {
    parse(text.lowercased().hasSuffix("/s") ? String(text.dropLast(2)) : text)
  }

  /// Returns a fraction of a unit, given as at most nine digits after the point.
  private static func part(_ digits: Substring, of unit: Int64) -> Int64 {
    var share = 0.0
    var weight = 0.1
    for digit in digits.utf8 {
      share += Double(digit - 0x30) * weight
      weight /= 10
    }
    return Int64(share * Double(unit) + 1e-6)
  }

  /// Returns a size in the largest unit of which it is at least 1, such as `1.25 GiB` or `64 KiB`.
  package static func size(_ bytes: Int64) -> String {
    let (scale, unit) = scale(of: bytes)
    if unit == 0 { return "\(bytes) B" }
    let value = Double(bytes) / scale
    if value == value.rounded() { return "\(Int64(value)) \(units[unit])" }
    return "\(decimal(value, places: value < 10 ? 2 : 1)) \(units[unit])"
  }

  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

  /// Returns the unit for the display of a size, as its length in bytes and its index.
  private static func scale(of bytes: Int64) -> (scale: Double, unit: Int) {
    var scale = 1.0
    var unit = 0
    // A value that would be shown as 1024 is shown as 1 of the next unit.
    while Double(bytes) / scale >= 1023.95, unit < units.count - 1 {
      scale *= 1024
      unit += 1
    }
    return (scale, unit)
  }

  private static func padded(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// Returns a part of a size in the unit of the whole, such as `29.3 of 286.1 MiB`, with constant
  /// width.
  package static func size(_ part: Int64, of whole: Int64) -> String {
    let (scale, unit) = scale(of: whole)
    let total = size(whole)
    guard unit > 0 else { return padded("\(part)", to: "\(whole)".count) + " of " + total }
    let value = Double(whole) / scale
    let places = value < 10 ? 2 : 1
    let shown = decimal(max(0, Double(min(part, whole))) / scale, places: places)
    return padded(shown, to: decimal(value, places: places).count) + " of " + total
  }

  /// Returns a rate, such as `11.3 MiB/s`.
  package static func rate(_ bytesPerSecond: Double) -> String {
    let whole = bytesPerSecond.isFinite ? min(max(bytesPerSecond, 0), 1e18) : 0
    return "\(size(Int64(whole)))/s"
  }

  /// Returns a remaining time, such as `0:09`, `12:05`, `3:04:05` or, for long ones, `9 d`.
  package static func clock(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    if seconds >= 100 * 3600 { return "\(seconds / 86400) d" }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
    let tail = twoDigits(seconds % 60)
    return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(tail)" : "\(minutes):\(tail)"
  }

  /// Returns an elapsed time, such as `0.42 s`, `12.3 s` or `1:02:03`.
  package static func elapsed(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    if seconds >= 60 { return clock(duration) }
    let value = Double(seconds) + Double(attoseconds) * 1e-18
    return "\(decimal(max(0, value), places: value < 10 ? 2 : 1)) s"
  }

  /// Returns a share in percent, rounded down so that only the whole is 100 %.
  package static func percent(_ part: Int64, of whole: Int64) -> String {
    guard whole > 0 else { return "100 %" }
    if part >= whole { return "100 %" }
    let tenths = Int64(Double(max(0, part)) / Double(whole) * 1000)
    return "\(min(tenths, 999) / 10).\(min(tenths, 999) % 10) %"
  }

  /// Returns a number that is not negative, rounded to one or two decimals.
  static func decimal(_ value: Double, places: Int) -> String {
    let scale: Int64 = places == 1 ? 10 : 100
    let scaled = Int64((value * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    let zeros = String(repeating: "0", count: places - fraction.count)
    return "\(scaled / scale).\(zeros)\(fraction)"
  }

  private static func twoDigits(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
