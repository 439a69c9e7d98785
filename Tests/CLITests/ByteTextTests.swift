import CLI
import Testing

@Suite struct ByteTextTests {
  @Test(arguments: [
    ("0", Int64(0)), ("4096", 4096), ("512K", 524_288), ("2MiB", 2_097_152),
    ("1g", 1_073_741_824), ("7B", 7), ("1.5G", 1_610_612_736), ("0.5KiB", 512), ("1T", 1 << 40),
    ("0.1M", 104_857), ("2.000000001G", 2_147_483_649), ("1MB", 1 << 20), ("1mb", 1 << 20),
    ("512kb", 524_288), ("1 MiB", 1 << 20), ("1.5 GB", 1_610_612_736), ("2tb", 1 << 41),
  ])
  func sizesAreRead(text: String, size: Int64) {
    #expect(ByteText.parse(text) == size)
  }

  @Test(arguments: [
    "", "K", "-1", ".5M", "1.M", "1.5", "1.5B", "1P", "1 ", "1 MM", " 1M", "1M ", "1Mbit", "1,5M",
    "1KK", "1.1.1K", "1.0123456789K",
    "99999999999999999999", "9999999999G", "8388608T", "٣",
  ])
  func whatIsNoSizeIsRefused(text: String) {
    #expect(ByteText.parse(text) == nil)
  }

  @Test(arguments: [
    (Int64(0), "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.50 KiB"), (10340, "10.1 KiB"),
    (1_048_575, "1.00 MiB"), (1_073_741_824, "1 GiB"), (Int64.max, "8 EiB"),
  ])
  func sizesAreShownInTheLargestUnitThatFits(bytes: Int64, text: String) {
    #expect(ByteText.size(bytes) == text)
  }

  @Test(arguments: [("2MB/s", Int64(2) << 20), ("500 kb/s", 500 << 10), ("1M/S", 1 << 20)])
  func ratesMayEndWithASecond(text: String, rate: Int64) {
    #expect(ByteText.parseRate(text) == rate)
  }

  @Test func ratesThatAreNoNumbersAreShownAsNothing() {
    #expect(ByteText.rate(.nan) == "0 B/s")
    #expect(ByteText.rate(-5) == "0 B/s")
    #expect(ByteText.rate(.infinity) == "0 B/s")
    #expect(ByteText.rate(2048) == "2 KiB/s")
  }

  @Test(arguments: [
    (0, "0:00"), (9, "0:09"), (725, "12:05"), (11045, "3:04:05"), (864_000, "10 d"),
  ])
  func timesToGoAreShownAsAClock(seconds: Int, text: String) {
    #expect(ByteText.clock(.seconds(seconds)) == text)
  }

  @Test func timesThatPassedHaveTwoDigitsOrMore() {
    #expect(ByteText.elapsed(.milliseconds(423)) == "0.42 s")
    #expect(ByteText.elapsed(.milliseconds(12_345)) == "12.3 s")
    #expect(ByteText.elapsed(.seconds(3661)) == "1:01:01")
  }

  @Test func onlyTheWholeIs100Percent() {
    #expect(ByteText.percent(0, of: 7) == "0.0 %")
    #expect(ByteText.percent(Int64.max - 1, of: Int64.max) == "99.9 %")
    #expect(ByteText.percent(7, of: 7) == "100 %")
    #expect(ByteText.percent(0, of: 0) == "100 %")
  }
}
