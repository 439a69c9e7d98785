import CHashing
import Hashing

/// SHA-1: the speed of each kernel with all its lanes, and of the policy with few buffers.
enum HashingBenchmark {
  private static let bufferLength = 256 << 10
  private static let kernels: [(name: String, number: UInt32, lanes: Int)] = [
    ("plain C", CHASHING_SHA1_SCALAR.rawValue, 1),
    ("4 lanes of 128-bit vectors", CHASHING_SHA1_X4.rawValue, 4),
    ("8 lanes of AVX2", CHASHING_SHA1_X8_AVX2.rawValue, 8),
    ("16 lanes of AVX-512", CHASHING_SHA1_X16_AVX512.rawValue, 16),
    ("SHA instructions", CHASHING_SHA1_NI.rawValue, 1),
    ("SHA instructions, 2 streams", CHASHING_SHA1_NI_X2.rawValue, 2),
  ]

  static func run() {
    let buffers = (0..<16).map { number in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferLength, alignment: 64)
      buffer.initializeMemory(as: UInt8.self, repeating: UInt8(number))
      return UnsafeRawBufferPointer(buffer)
    }
    defer { for buffer in buffers { buffer.deallocate() } }
    Measurement.printHead("SHA-1 kernels, all lanes, buffers of 256 KiB", ["kernel", "GB/s"])
    for kernel in kernels {
      let isSupported = chashing_sha1_is_supported(Int32(kernel.number))
      let speed = isSupported ? speed(of: kernel.number, buffers.prefix(kernel.lanes)) : nil
      Measurement.printRow([kernel.name, speed.map(Measurement.text) ?? "not on this CPU"])
    }
    Measurement.printHead(
      "SHA-1 as a download uses it (\(HashKernel.choice))", ["pieces of 256 KiB at once", "GB/s"])
    for count in [1, 2, 4, 8, 16] {
      let batch = Array(buffers.prefix(count))
      let time = Measurement.nanoseconds { _ = SHA1.digests(of: batch) }
      Measurement.printRow(["\(count)", Measurement.text(Double(count * bufferLength) / time)])
    }
  }

  /// The speed in bytes per nanosecond.
  private static func speed(of kernel: UInt32, _ buffers: ArraySlice<UnsafeRawBufferPointer>)
    -> Double
  {
    let data = buffers.map { $0.baseAddress?.assumingMemoryBound(to: UInt8.self) }
    let words = UnsafeMutablePointer<UInt32>.allocate(capacity: 5 * buffers.count)
    words.initialize(repeating: 0, count: 5 * buffers.count)
    defer { words.deallocate() }
    let states = buffers.indices.map { Optional(words + 5 * $0) }
    let time = Measurement.nanoseconds {
      chashing_sha1_run(Int32(kernel), states, data, bufferLength / 64)
    }
    return Double(buffers.count * bufferLength) / time
  }
}
