import Demo
import Networking
import Primitives

/// An audience that runs a closure after each block that a scripted seed has sent.
@Reactor
final class ServedBlocks: SeedAudience {
  private let action: @Reactor (Block) -> Void

  init(_ action: @escaping @Reactor (Block) -> Void) {
    self.action = action
  }

  func seedGreeted(_ seed: ScriptedSeed) {}

  func seed(_ seed: ScriptedSeed, served block: Block) { action(block) }
}
