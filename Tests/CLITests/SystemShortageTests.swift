import CLI
import Platform
import Testing

/// A limit of the system that is too low: the message, and the command that raises it.
@Suite struct SystemShortageTests {
  @Test func theHintNamesTheLimitThatSuffices() {
    let space = CommandFailure(.memory(.addressSpace, limit: 200 << 20, needed: (480 << 20) + 1))
    #expect(space.status == .failure)
    #expect(space.message == "only 200 MiB of memory may be used, which is too little")
    #expect(space.hint == "raise the limit: ulimit -v \((480 << 10) + 1)")
    let data = CommandFailure(.memory(.data, limit: 0, needed: 1 << 20))
    #expect(data.hint == "raise the limit: ulimit -d 1024")
  }

  @Test func eachKindHasItsStatus() {
    #expect(CommandFailure(.threads(3)).status == .failure)
    #expect(CommandFailure(.threads(3)).message.contains("only 3 threads"))
    #expect(CommandFailure(.files(4)).status == .inputOutputFailure)
    #expect(CommandFailure(.files(4)).hint == "raise the limit: ulimit -n 256")
  }
}
