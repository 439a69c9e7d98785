import Primitives
import Testing

@testable import Swarm

/// Under any interleaving of inputs, each request has one end and the books agree.
@Suite struct ExchangePropertyTests {
  /// A torrent, and the behaviour of its peers.
  struct Shape: Sendable, CustomTestStringConvertible {
    let pieces: Int
    let blocks: Int
    let isSequential: Bool
    /// A Boolean value indicating whether the user limits the download rate.
    let isLimited: Bool
    let memoryLimit: Int
    /// The number of a hundred pieces that fail.
    let badPieces: Int

    var testDescription: String { "\(pieces) pieces of \(blocks) blocks" }
  }

  private static let shapes = [
    Shape(
      pieces: 200, blocks: 4, isSequential: false, isLimited: false, memoryLimit: 64 << 20,
      badPieces: 10),
    Shape(
      pieces: 60, blocks: 16, isSequential: true, isLimited: true, memoryLimit: 2 << 20,
      badPieces: 30),
    Shape(
      pieces: 9, blocks: 70, isSequential: false, isLimited: false, memoryLimit: 1 << 20,
      badPieces: 20),
    Shape(
      pieces: 250, blocks: 1, isSequential: false, isLimited: true, memoryLimit: 1 << 20,
      badPieces: 5),
  ]

  @Test(arguments: 1...3 as ClosedRange<UInt64>, shapes)
  func eachRequestHasExactlyOneEnd(seed: UInt64, shape: Shape) throws {
    let crowd = try Crowd(shape: shape, seed: seed)
    for _ in 0..<3000 { try crowd.step() }
    try crowd.everybodyLeaves()
    #expect(crowd.requestCount > 200, "only \(crowd.requestCount) requests were made")
    #expect(crowd.servedCount > 10, "only \(crowd.servedCount) blocks were served")
  }
}
