/// Threads of our own as the preferred executor of a whole task tree.
package final class ThreadTaskExecutor: TaskExecutor {
  private let workers: ThreadWorkerPool

  /// Creates an executor of up to `threadCount` threads; it has to outlive its tasks.
  package init(threadCount: Int) {
    workers = ThreadWorkerPool(threadCount: threadCount)
  }

  /// Runs a job on a thread.
  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    workers.submit { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
