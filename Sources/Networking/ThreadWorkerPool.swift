internal import Glibc

/// A worker pool that starts its own threads as work arrives.
///
/// When the system allows no more threads, the existing ones do the work, and without any the
/// caller's does.
///
/// Its queue holds at most one item for each task that waits in `run`, so the number of those tasks
/// bounds it. Callers that must bound memory limit how many tasks they let wait.
package final class ThreadWorkerPool: WorkerPool {
  private let queue: WorkQueue

  /// Creates a pool of up to `threadCount` threads.
  package init(threadCount: Int) {
    queue = WorkQueue(threadLimit: max(1, threadCount))
  }

  deinit {
    queue.close()
  }

  /// Runs `work` on a thread and returns its result to the loop.
  package func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    await unsafe withUnsafeContinuation { continuation in
      submit { unsafe continuation.resume(returning: work()) }
    }
  }

  /// Runs `work` on a thread without reporting its completion.
  func submit(_ work: @escaping @Sendable () -> Void) {
    queue.append(work)
  }
}

/// The queue between a pool and its threads.
///
/// `@unchecked Sendable`: the pthread mutex guards every property. The standard library's `Mutex`
/// has no condition variable.
///
/// `@safe`: the mutex and the condition variable keep their place in memory until the end of the
/// queue, which every thread that uses them holds on to.
@safe
private final class WorkQueue: @unchecked Sendable {
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let hasWork = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var works: [(@Sendable () -> Void)?] = []
  private var head = 0
  private var idleThreads = 0
  private var threads = 0
  private let threadLimit: Int
  private var isClosed = false

  init(threadLimit: Int) {
    self.threadLimit = threadLimit
    unsafe pthread_mutex_init(lock, nil)
    unsafe pthread_cond_init(hasWork, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(hasWork)
    unsafe pthread_mutex_destroy(lock)
    unsafe hasWork.deallocate()
    unsafe lock.deallocate()
  }

  func append(_ work: @escaping @Sendable () -> Void) {
    unsafe pthread_mutex_lock(lock)
    works.append(work)
    let needsThread = works.count - head > idleThreads && threads < threadLimit
    if needsThread { threads += 1 }
    unsafe pthread_cond_signal(hasWork)
    unsafe pthread_mutex_unlock(lock)
    guard needsThread else { return }
    do throws(NetworkError) {
      try Thread.start { self.runThread() }
    } catch {
      threadFailed()
    }
  }

  /// Handles a thread that could not be started: does the work here and now if no thread would.
  private func threadFailed() {
    unsafe pthread_mutex_lock(lock)
    threads -= 1
    let isAlone = threads == 0
    unsafe pthread_mutex_unlock(lock)
    while isAlone, let work = next(waits: false) { work() }
  }

  /// Lets the threads exit once all queued work is done.
  func close() {
    unsafe pthread_mutex_lock(lock)
    isClosed = true
    unsafe pthread_cond_broadcast(hasWork)
    unsafe pthread_mutex_unlock(lock)
  }

  private func runThread() {
    while let work = next() { work() }
  }

  private func next(waits: Bool = true) -> (@Sendable () -> Void)? {
    unsafe pthread_mutex_lock(lock)
    defer { unsafe pthread_mutex_unlock(lock) }
    while head == works.count {
      if isClosed || !waits { return nil }
      idleThreads += 1
      unsafe pthread_cond_wait(hasWork, lock)
      idleThreads -= 1
    }
    let work = works[head].take()
    head += 1
    if head == works.count || head >= 1024 {
      works.removeFirst(head)
      head = 0
    }
    return work
  }
}
