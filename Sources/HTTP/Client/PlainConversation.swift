internal import Glibc
internal import Networking
internal import Primitives

/// One request and its response on an open connection.
@Reactor
struct PlainConversation {
  private static let stageLength = 16 << 10
  /// The most bytes that one read may bring, chosen to fit the processor's caches.
  private static let readLength = 256 << 10
  /// The number of bytes after which other tasks get a turn.
  private static let turnLength = 2 << 20

  private let transport: any Transport
  private let receiver: any HTTPResponseReceiver
  private var machine = HTTPResponseMachine()
  /// Received bytes that are not parsed yet are in `stage[next..<end]`.
  private var stage = [UInt8](repeating: 0, count: stageLength)
  private var next = 0
  private var end = 0
  private var segments: [IOSegment] = []
  private var head: HTTPResponseHead?
  private var isOver = false

  init(transport: any Transport, receiver: any HTTPResponseReceiver) {
    self.transport = transport
    self.receiver = receiver
  }

  /// A Boolean value indicating whether no byte of the response has arrived.
  var isUntouched: Bool { machine.isUntouched }

  /// A Boolean value indicating whether the connection can carry another request.
  var mayContinue: Bool { isOver && next == end && head?.keepsAlive == true }

  /// Sends the whole request.
  func send(_ bytes: [UInt8]) async throws(HTTPError) {
    var sent = 0
    while sent < bytes.count {
      switch transport.write(bytes[sent...]) {
      case .bytes(let count): sent += count
      case .wouldBlock:
        guard !Task.isCancelled else { throw .cancelled }
        await transport.waitUntilWritable()
      case .closed: throw .failed("the server closed the connection")
      case .failed(let code): throw .broken(code)
      }
    }
  }

  /// Reads until the response ends or the receiver wants no more of it.
  mutating func readResponse() async throws(HTTPError) -> HTTPResponseHead {
    var turn = 0
    while true {
      if try await readStaged(), let head { return head }
      switch try await readOnce() {
      case .bytes(let count):
        turn += count
        guard turn >= Self.turnLength else { continue }
        turn = 0
        await Task.yield()
      case .wouldBlock:
        turn = 0
        guard !Task.isCancelled else { throw .cancelled }
        await transport.waitUntilReadable()
      case .closed:
        try machine.connectionEnded()
      case .failed(let code): throw .broken(code)
      }
      guard !Task.isCancelled else { throw .cancelled }
    }
  }

  /// Copies a part of the body from the stage to its destination, waiting for room if necessary.
  private func deliver(_ range: Range<Int>) async throws(HTTPError) {
    var rest = range
    while !rest.isEmpty {
      let count = unsafe stage.withUnsafeBytes {
        unsafe receiver.deliver(UnsafeRawBufferPointer(rebasing: $0[rest]))
      }
      try receiver.check()
      if receiver.isSatisfied { return }
      rest = rest.lowerBound + count..<rest.upperBound
      guard !rest.isEmpty else { return }
      guard await receiver.waitForRoom(), !Task.isCancelled else { throw .cancelled }
    }
  }

  /// Reads once: a body into its destination, anything else into the stage.
  private mutating func readOnce() async throws(HTTPError) -> IOResult {
    guard machine.directLength > 0 else { return readIntoStage() }
    segments.removeAll(keepingCapacity: true)
    let limit = Int(min(machine.directLength, Int64(Self.readLength)))
    receiver.layOut(&segments, limit: limit)
    while segments.isEmpty {
      guard await receiver.waitForRoom(), !Task.isCancelled else { throw .cancelled }
      receiver.layOut(&segments, limit: limit)
    }
    let result = unsafe segments.withUnsafeMutableBufferPointer { unsafe transport.read(into: $0) }
    if case .bytes(let count) = result {
      machine.receivedBody(count)
      receiver.received(count)
      try receiver.check()
    }
    return result
  }

  private mutating func readIntoStage() -> IOResult {
    next = 0
    end = 0
    let result = unsafe stage.withUnsafeMutableBytes { memory -> IOResult in
      guard let base = memory.baseAddress else { return .wouldBlock }
      var segment = unsafe IOSegment(base: base, count: memory.count)
      return unsafe withUnsafeMutablePointer(to: &segment) {
        unsafe transport.read(into: UnsafeMutableBufferPointer(start: $0, count: 1))
      }
    }
    if case .bytes(let count) = result { end = count }
    return result
  }

  /// Parses the staged bytes; returns true if nothing more has to be read.
  private mutating func readStaged() async throws(HTTPError) -> Bool {
    while true {
      if head != nil, receiver.isSatisfied, !machine.hasEnded { return true }
      let step = try machine.receive(stage[next..<end])
      let start = next
      next += step.taken
      switch step.event {
      case .head(let found):
        head = found
        guard try receiver.begins(found) else { return true }
      case .body(let count):
        try await deliver(start..<start + count)
        if receiver.isSatisfied, !machine.hasEnded { return true }
      case .end:
        isOver = true
        try receiver.ended()
        return true
      case nil:
        if next == end { return false }
      }
    }
  }
}

extension HTTPError {
  /// Returns the error of a connection that broke with this `errno`.
  static func broken(_ code: Int32) -> HTTPError { unsafe .failed(String(cString: strerror(code))) }
}
