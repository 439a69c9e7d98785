import Download
import Glibc

/// Whether the limits of the system (`ulimit`) leave a run what it cannot do without.
///
/// A process that gets no memory or no thread in the middle of its work can hardly do anything but
/// die, so too little of them is said before the start.
enum SystemRoom {
  /// How much address space any command needs besides piece buffers.
  ///
  /// That is for the libraries, the heaps that the C library reserves, and the stacks of threads;
  /// measured, with some to spare.
  static let neededAddressSpace: Int64 = 448 << 20
  /// How much of that is data, which has a limit of its own.
  private static let neededData: Int64 = 64 << 20
  /// How much more for each processor, whose worker has a stack of its own.
  private static let addressSpacePerCore: Int64 = 16 << 20
  /// How many threads are always needed besides one for each processor: the loop, the one that
  /// watches signals, a writer, and one that looks up names.
  private static let neededThreads = 4

  /// - Throws: What to do when there is no room.
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
      more += Int64(downloads) * Int64(invocation.download.memoryLimit)
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

  /// Starts as many threads as will be needed, all at once, and lets them end.
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
          // Waits until all have been started.
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

  /// Has SIGXCPU come a second before the end, where both would come at once, so that there is time
  /// to save progress.
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
