import Primitives
import Testing

@testable import Hashing

@Suite struct HashKernelTests {
  private static func digests(
    of messages: [[UInt8]], shiftedBy shift: Int, kernel: HashKernel
  ) -> [[UInt8]] {
    // Each message begins `shift` bytes after an aligned address.
    let buffers = messages.map { message in
      let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: message.count + shift, alignment: 64)
      UnsafeMutableRawBufferPointer(rebasing: buffer[shift...]).copyBytes(from: message)
      return buffer
    }
    defer { for buffer in buffers { buffer.deallocate() } }
    let views = buffers.map { UnsafeRawBufferPointer(rebasing: $0[shift...]) }
    return SHA1.digests(of: views, policy: KernelPolicy(always: kernel)).map(\.bytes)
  }

  private static func messages(lengths: [Int], seed: UInt64) -> [[UInt8]] {
    var random = SeededRandom(seed: seed)
    return lengths.map { length in
      (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
  }

  @Test(arguments: HashKernel.supported)
  func kernelAgreesWithTheReferenceOnMixedLengths(kernel: HashKernel) {
    var random = SeededRandom(seed: 1)
    for round in 0..<6 {
      let count = Int.random(in: 1...40, using: &random)
      let lengths = (0..<count).map { _ in Int.random(in: 0...300, using: &random) }
      let messages = Self.messages(lengths: lengths, seed: UInt64(round))
      let expected = messages.map(ReferenceSHA1.digest(of:))
      #expect(Self.digests(of: messages, shiftedBy: round, kernel: kernel) == expected)
    }
  }

  @Test(arguments: HashKernel.supported)
  func kernelAgreesWithTheReferenceAroundBlockBorders(kernel: HashKernel) {
    let lengths = [0, 1, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 121, 127, 128, 129, 1023, 1024]
    let messages = Self.messages(lengths: lengths, seed: 2)
    let expected = messages.map(ReferenceSHA1.digest(of:))
    for shift in [0, 1, 3, 8, 13] {
      #expect(Self.digests(of: messages, shiftedBy: shift, kernel: kernel) == expected)
    }
  }

  @Test(arguments: HashKernel.supported)
  func kernelHashesEqualMessagesAtOnce(kernel: HashKernel) {
    let messages = Self.messages(lengths: Array(repeating: 640, count: kernel.lanes), seed: 3)
    let expected = messages.map(ReferenceSHA1.digest(of:))
    #expect(Self.digests(of: messages, shiftedBy: 0, kernel: kernel) == expected)
  }

  @Test func everyMachineHasThePortableKernels() {
    #expect(HashKernel.supported.contains(.scalar))
    #expect(HashKernel.supported.contains(.vector128))
  }

  @Test func policyFallsBackToOneStreamForOneBuffer() {
    for kernels in [
      [HashKernel.scalar], [.scalar, .vector128], [.scalar, .vector128, .avx2],
      [.scalar, .vector128, .avx2, .avx512],
      [.scalar, .vector128, .avx2, .avx512, .shaInstructions, .shaInstructionsTwice],
    ] {
      let policy = KernelPolicy(supported: kernels)
      #expect(policy.kernel(forWaiting: 1).lanes == 1)
      for count in 1...40 { #expect(kernels.contains(policy.kernel(forWaiting: count))) }
    }
  }

  @Test func policyOfThisMachineUsesOnlyWhatItHas() {
    for count in 1...40 {
      #expect(HashKernel.supported.contains(KernelPolicy.current.kernel(forWaiting: count)))
    }
  }

  @Test func emptyBatchHasNoDigests() {
    #expect(SHA1.digests(of: []).isEmpty)
  }
}
