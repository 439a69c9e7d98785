import CHashing

/// A SHA-1 implementation: its instructions and its number of parallel streams.
public enum HashKernel: Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// One stream in plain C.
  case scalar
  /// Four streams in 128-bit vectors (SSE2, NEON).
  case vector128
  /// Eight streams in 256-bit vectors.
  case avx2
  /// Sixteen streams in 512-bit vectors.
  case avx512
  /// One stream with the SHA instructions of x86.
  case shaInstructions
  /// Two interleaved streams with the SHA instructions of x86.
  case shaInstructionsTwice

  /// The kernels that this CPU can run.
  public static let supported: [HashKernel] = allCases.filter {
    chashing_sha1_is_supported($0.number)
  }

  /// A description of the kernels chosen on this CPU, by number of waiting buffers.
  public static var choice: String { KernelPolicy.current.description }

  /// The number of streams hashed in one pass.
  public var lanes: Int {
    switch self {
    case .scalar, .shaInstructions: 1
    case .shaInstructionsTwice: 2
    case .vector128: 4
    case .avx2: 8
    case .avx512: 16
    }
  }

  /// The kernel's number in C.
  var number: Int32 {
    switch self {
    case .scalar: Int32(CHASHING_SHA1_SCALAR.rawValue)
    case .vector128: Int32(CHASHING_SHA1_X4.rawValue)
    case .avx2: Int32(CHASHING_SHA1_X8_AVX2.rawValue)
    case .avx512: Int32(CHASHING_SHA1_X16_AVX512.rawValue)
    case .shaInstructions: Int32(CHASHING_SHA1_NI.rawValue)
    case .shaInstructionsTwice: Int32(CHASHING_SHA1_NI_X2.rawValue)
    }
  }

  /// A short name.
  public var description: String {
    switch self {
    case .scalar: "plain C"
    case .vector128: "4 lanes of 128-bit vectors"
    case .avx2: "8 lanes of AVX2"
    case .avx512: "16 lanes of AVX-512"
    case .shaInstructions: "SHA instructions"
    case .shaInstructionsTwice: "SHA instructions, 2 streams"
    }
  }
}
