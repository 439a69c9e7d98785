/// The choice of a kernel for the next pass, by the number of waiting streams.
///
/// The rule is fixed by the CPU's features and involves no timing at run time. Each step gives the
/// number of waiting streams from which its kernel is the cheapest. Throughput in GB/s on one core
/// of an AMD Zen 5 with buffers of 256 KiB (within 5 % for 16 KiB):
///
/// ```
/// streams waiting          1     2     4     8    16
/// plain C               1.05  1.07  1.06  1.05  1.05
/// 128-bit, 4 lanes       .47   .93  1.81  1.81  1.83
/// AVX2, 8 lanes          .47   .95  1.91  3.79  3.81
/// AVX-512, 16 lanes      .58  1.15  2.30  4.64  8.86
/// SHA instructions      2.10  2.11  2.12  2.13  2.13
/// the same, 2 streams   1.90  3.80  3.80  3.77  3.77
/// ```
///
/// An Intel Xeon at 2.5 GHz without SHA instructions reached 4.68 (AVX-512), 1.72 (AVX2) and .76
/// (128-bit) with all lanes in use, and .55 for one stream. The same steps suit it.
struct KernelPolicy: Sendable, CustomStringConvertible {
  struct Step: Sendable {
    var from: Int
    var kernel: HashKernel
  }

  /// The steps in descending order of `from`; the last one starts at 1.
  let steps: [Step]

  /// The policy for this CPU.
  static let current = KernelPolicy(supported: HashKernel.supported)

  /// Creates a policy that always picks one kernel, for tests and measurements.
  init(always kernel: HashKernel) {
    steps = [Step(from: 1, kernel: kernel)]
  }

  /// Creates the policy for a CPU that supports these kernels.
  init(supported: [HashKernel]) {
    var steps: [Step] = []
    let hasSHA = supported.contains(.shaInstructions)
    if supported.contains(.avx512) {
      steps.append(Step(from: hasSHA ? 7 : 2, kernel: .avx512))
    } else if supported.contains(.avx2), !hasSHA {
      steps.append(Step(from: 3, kernel: .avx2))
    } else if supported.contains(.vector128), !hasSHA {
      steps.append(Step(from: 3, kernel: .vector128))
    }
    if hasSHA {
      steps.append(Step(from: 2, kernel: .shaInstructionsTwice))
      steps.append(Step(from: 1, kernel: .shaInstructions))
    } else {
      steps.append(Step(from: 1, kernel: .scalar))
    }
    self.steps = steps
  }

  /// Returns the kernel for the next pass.
  func kernel(forWaiting count: Int) -> HashKernel {
    steps.first { count >= $0.from }?.kernel ?? .scalar
  }

  /// The steps as text.
  var description: String {
    steps.map { "\($0.kernel) from \($0.from)" }.joined(separator: ", ")
  }
}
