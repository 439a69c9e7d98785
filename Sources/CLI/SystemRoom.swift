import Download
import Glibc

/// A check that the system's limits (`ulimit`) leave a run enough memory, threads and open files.
///
/// A process that runs out of memory or threads in the middle of its work can hardly recover, so
/// the program fails before it starts to work.
enum SystemRoom {
  /// The address space that any command needs besides piece buffers.
  ///
  /// It holds the libraries, the heaps that the C library reserves, and the stacks of threads. The
  /// value was measured and includes a reserve.
  static let neededAddressSpace: Int64 = 448 << 20
  /// The part of that space that is data, which has a limit of its own.
  private static let neededData: Int64 = 64 << 20
  /// The additional address space for each processor, whose worker has its own stack.
  private static let addressSpacePerCore: Int64 = 16 << 20
  /// The number of threads that are always needed besides one for each processor.
  ///
  /// They are the loop, the signal watcher, a writer and a resolver of host names.
  private static let neededThreads = 4

  /// - Throws: The failure, with advice, if a limit is too low.
  static func check(for invocation: Invocation) throws(CommandFailure) {
    try checkAddressSpace(invocation)
    try checkThreads()
    try DescriptorRoom.check()
  }

  private static var cores: Int { max(1, min(64, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }

  private static func checkAddressSpace(_ invocation: Invocation) throws(CommandFailure) {
    var more = Int64(cores) * addressSpacePerCore
    if invocation.command == .download, !invocation.batch.listsOnly {
      let downloads = min(max(1, invocation.arguments.count), invocation.batch.jobs)
      more += Int64(downloads) * Int64(invocation.session.memoryLimit)
    }
    for (resource, base, option) in [
      (RLIMIT_AS, neededAddressSpace, "v"), (RLIMIT_DATA, neededData, "d"),
    ] {
      let needed = base + more
      var limit = rlimit()
      guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0,
        limit.rlim_cur < UInt(needed)
      else { continue }
      throw CommandFailure(
        .failure,
        "only \(ByteText.size(Int64(limit.rlim_cur))) of memory may be used, which is too little",
        hint: "raise the limit: ulimit -\(option) \((needed + 1023) / 1024)")
    }
  }

  /// Starts as many threads as a run needs at the same time, and ends them.
  private static func checkThreads() throws(CommandFailure) {
    let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    pthread_mutex_init(gate, nil)
    defer {
      pthread_mutex_destroy(gate)
      gate.deallocate()
    }
    pthread_mutex_lock(gate)
    var threads: [pthread_t] = []
    var code: Int32 = 0
    while threads.count < neededThreads + min(cores, 16), code == 0 {
      var thread = pthread_t()
      code = pthread_create(
        &thread, nil,
        { gate in
          // Holds the thread until all have been started.
          guard let gate = gate?.assumingMemoryBound(to: pthread_mutex_t.self) else { return nil }
          pthread_mutex_lock(gate)
          pthread_mutex_unlock(gate)
          return nil
        }, gate)
      if code == 0 { threads.append(thread) }
    }
    pthread_mutex_unlock(gate)
    for thread in threads { pthread_join(thread, nil) }
    guard code != 0 else { return }
    throw CommandFailure(
      .failure, "only \(threads.count) threads can be started, which is too few",
      hint: "raise the limits on processes (ulimit -u) and on memory (ulimit -v)")
  }

  /// Lowers the soft limit on processor time where it equals the hard limit.
  ///
  /// SIGXCPU then comes a second before the end, which is time to save progress.
  static func warnBeforeProcessorTimeEnds() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_CPU.rawValue)
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur == limit.rlim_max,
      limit.rlim_max != .max, limit.rlim_max > 1
    else { return }
    limit.rlim_cur = limit.rlim_max - 1
    setrlimit(resource, &limit)
  }
}
