internal import CPosix
internal import Glibc

/// A detached system thread that runs one closure.
enum Thread {
  /// The stack size of each thread: plenty, and little of a small address space.
  private static let stackSize = 2 << 20

  /// Starts a thread with every signal blocked, so that signals go to other threads.
  ///
  /// - Throws: When the system allows no more threads.
  static func start(_ body: @escaping @Sendable () -> Void) throws(NetworkError) {
    let context = unsafe Unmanaged.passRetained(Body(body))
    var everySignal = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&everySignal)
    unsafe pthread_sigmask(SIG_SETMASK, &everySignal, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setstacksize(&attributes, stackSize)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, &attributes,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      unsafe context.release()
      throw .system(call: "pthread_create", code: code)
    }
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
      self.run = run
    }
  }
}
