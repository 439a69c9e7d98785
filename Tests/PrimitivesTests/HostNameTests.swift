import Primitives
import Testing

@Suite struct HostNameTests {
  @Test(arguments: ["a", "localhost", "tracker.example.org", "a_b-c.1", "A.B", "1.2"])
  func namesArePlausible(text: String) {
    #expect(HostName.isPlausible(text))
  }

  @Test(arguments: [
    "", "a b", "a:1", "[::1]", "a/b", "a@b", "é", "a\0", String(repeating: "a", count: 254),
  ])
  func otherTextIsNot(text: String) {
    #expect(!HostName.isPlausible(text))
  }

  @Test(arguments: [
    ("a%20b", "a b"), ("100%", "100%"), ("%zz%41", "%zzA"), ("%4", "%4"), ("%%41", "%A"), ("", ""),
  ])
  func brokenEscapesStandForThemselves(text: String, decoded: String) {
    #expect(PercentEncoding.decodeTolerantly(text) == Array(decoded.utf8))
  }
}
