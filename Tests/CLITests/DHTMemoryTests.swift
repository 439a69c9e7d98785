import Download
import Foundation
import TestSupport
import Testing

@testable import CLI

/// The state of the DHT: read once at the start of a run, and written once at its end.
@Suite struct DHTMemoryTests {
  /// A state without any node, as the file of a run that found none.
  private static let valid = Array("d2:id20:abcdefghij0123456789e".utf8)
  private static let other = Array("d2:id20:0123456789abcdefghije".utf8)

  @Test func theStateThatANodeSavesIsThatOfTheNextOne() throws {
    let memory = try DHTMemory(path: nil)
    memory.lent(DHTOptions()).keeper?.keep(Self.valid)
    #expect(memory.lent(DHTOptions()).state == Self.valid)
    memory.lent(DHTOptions()).keeper?.keep(Self.other)
    #expect(memory.lent(DHTOptions()).state == Self.other)
  }

  @Test func theFileIsWrittenAtTheEndAndOnlyIfThereIsSomethingNew() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("nodes")
    let unused = try DHTMemory(path: path)
    #expect(unused.save() == nil)
    #expect(!FileManager.default.fileExists(atPath: path))

    let memory = try DHTMemory(path: path)
    memory.lent(DHTOptions()).keeper?.keep(Self.valid)
    #expect(!FileManager.default.fileExists(atPath: path), "not before the end")
    #expect(memory.save() == nil)
    #expect(FileManager.default.contents(atPath: path) == Data(Self.valid))

    // Another process's file stays when this one has nothing new.
    try Data(Self.other).write(to: URL(fileURLWithPath: path))
    #expect(memory.save() == nil)
    #expect(FileManager.default.contents(atPath: path) == Data(Self.other))
  }

  @Test func aFileThatCannotBeWrittenIsSaid() throws {
    let folder = try TemporaryFolder()
    let memory = try DHTMemory(path: folder.file("none/nodes"))
    memory.lent(DHTOptions()).keeper?.keep(Self.valid)
    let problem = try #require(memory.save())
    #expect(problem.contains("none/nodes: the DHT nodes could not be saved"))
  }
}
