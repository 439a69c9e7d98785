import Glibc

/// A check that the system's limits (`ulimit`) leave a run enough memory, threads and open files.
///
/// A process that runs out of memory or threads in the middle of its work can hardly recover, so
/// the program fails before it starts to work.
package enum SystemRoom {
  /// The address space that any command needs besides piece buffers.
  ///
  /// It holds the libraries, the heaps that the C library reserves, and the stacks of threads. The
  /// value was measured and includes a reserve.
  private static let neededAddressSpace: Int64 = 448 << 20
  /// The part of that space that is data, which has a limit of its own.
  private static let neededData: Int64 = 64 << 20
  /// The additional address space for each processor, whose worker has its own stack.
  private static let addressSpacePerCore: Int64 = 16 << 20
  /// The number of threads that are always needed besides one for each processor.
  ///
  /// They are the loop, the signal watcher, a writer and a resolver of host names.
  private static let neededThreads = 4

  /// Checks all limits.
  ///
  /// - Parameter bufferMemory: The memory that piece buffers may take, in bytes.
  /// - Throws: The limit that is too low.
  package static func check(bufferMemory: Int64) throws(SystemShortage) {
    try checkMemory(bufferMemory)
    try checkThreads()
    try DescriptorRoom.check()
  }

  private static var cores: Int { max(1, min(64, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }

  private static func checkMemory(_ bufferMemory: Int64) throws(SystemShortage) {
    let limits: [(__rlimit_resource, Int64, SystemShortage.MemoryKind)] = [
      (RLIMIT_AS, neededAddressSpace, .addressSpace), (RLIMIT_DATA, neededData, .data),
    ]
    for (resource, base, kind) in limits {
      let needed = base + Int64(cores) * addressSpacePerCore + bufferMemory
      var limit = rlimit()
      guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0,
        limit.rlim_cur < UInt(needed)
      else { continue }
      throw .memory(kind, limit: Int64(limit.rlim_cur), needed: needed)
    }
  }

  /// Starts as many threads as a run needs at the same time, and ends them.
  private static func checkThreads() throws(SystemShortage) {
    let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    unsafe pthread_mutex_init(gate, nil)
    defer {
      unsafe pthread_mutex_destroy(gate)
      unsafe gate.deallocate()
    }
    unsafe pthread_mutex_lock(gate)
    var threads: [pthread_t] = []
    var code: Int32 = 0
    while threads.count < neededThreads + min(cores, 16), code == 0 {
      var thread = pthread_t()
      code = unsafe pthread_create(
        &thread, nil,
        { gate in
          // Holds the thread until all have been started.
          guard let gate = unsafe gate?.assumingMemoryBound(to: pthread_mutex_t.self) else {
            return nil
          }
          unsafe pthread_mutex_lock(gate)
          unsafe pthread_mutex_unlock(gate)
          return nil
        }, gate)
      if code == 0 { threads.append(thread) }
    }
    unsafe pthread_mutex_unlock(gate)
    for thread in threads { pthread_join(thread, nil) }
    guard code != 0 else { return }
    throw .threads(threads.count)
  }

  /// Lowers the soft limit on processor time where it equals the hard limit.
  ///
  /// SIGXCPU then comes a second before the end, which is time to save progress.
  package static func warnBeforeProcessorTimeEnds() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_CPU.rawValue)
    guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur == limit.rlim_max,
      limit.rlim_max != .max, limit.rlim_max > 1
    else { return }
    limit.rlim_cur = limit.rlim_max - 1
    unsafe setrlimit(resource, &limit)
  }
}
