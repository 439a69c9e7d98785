/// Which kernel hashes the next pass, by the number of streams that wait.
///
/// A fixed rule by what the CPU has, from measurements, with no timing at run time: each step says
/// from how many waiting streams on its kernel is the cheapest.
struct KernelPolicy: Sendable, CustomStringConvertible {
  struct Step: Sendable {
    var from: Int
    var kernel: HashKernel
  }

  /// In falling order of `from`; the last has `from` 1.
  let steps: [Step]

  /// The rule for this CPU.
  static let current = KernelPolicy(supported: HashKernel.supported)

  /// Always the same kernel, for tests and measurements.
  init(always kernel: HashKernel) {
    steps = [Step(from: 1, kernel: kernel)]
  }

  /// The rule for a CPU that has these kernels.
  init(supported: [HashKernel]) {
    var steps: [Step] = []
    let hasSHA = supported.contains(.shaInstructions)
    if supported.contains(.avx512) {
      steps.append(Step(from: hasSHA ? 4 : 2, kernel: .avx512))
    } else if supported.contains(.avx2) {
      steps.append(Step(from: hasSHA ? 7 : 3, kernel: .avx2))
    } else if supported.contains(.vector128), !hasSHA {
      steps.append(Step(from: 4, kernel: .vector128))
    }
    if hasSHA {
      steps.append(Step(from: 2, kernel: .shaInstructionsTwice))
      steps.append(Step(from: 1, kernel: .shaInstructions))
    } else {
      steps.append(Step(from: 1, kernel: .scalar))
    }
    self.steps = steps
  }

  /// The kernel for the next pass.
  func kernel(forWaiting count: Int) -> HashKernel {
    steps.first { count >= $0.from }?.kernel ?? .scalar
  }

  /// The steps, for people.
  var description: String {
    steps.map { "\($0.kernel) from \($0.from)" }.joined(separator: ", ")
  }
}
