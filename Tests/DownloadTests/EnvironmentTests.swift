import Download
import Testing

@Suite struct EnvironmentTests {
  @Test func connectionsLeaveDescriptorsForFiles() {
    #expect(Environment.connections(under: 65_536) == 65_344)
    #expect(Environment.connections(under: 1024) == 832)
    #expect(Environment.connections(under: 64) == 32)
    #expect(Environment.connections(under: 3) == 4)
  }
}
