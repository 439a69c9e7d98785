import Glibc
import Networking
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5)))
struct LiveNetworkTests {
  @Reactor private var network: LiveNetwork { LiveNetwork() }

  @Test @Reactor func connectingToAFreePortIsRefused() async throws {
    let listener = try network.listen(at: Endpoint(address: .loopback4, port: 0))
    let endpoint = listener.endpoint
    listener.close()
    await #expect(throws: NetworkError.system(call: "connect", code: ECONNREFUSED)) {
      _ = try await network.connect(to: endpoint, timeout: .seconds(10))
    }
  }

  @Test @Reactor func connectionsComeFromTheAddressThatWasNamed() async throws {
    let listener = try network.listen(at: Endpoint(address: .loopback4, port: 0))
    defer { listener.close() }
    let source = IPAddress.v4(0x7F00_0203)
    let transport = try await LiveNetwork(sources: [.loopback6, source]).connect(
      to: listener.endpoint, timeout: .seconds(10))
    #expect(transport.local.address == source)
    #expect(await listener.accept()?.remote == transport.local)
    transport.close()
  }

  @Test @Reactor func anAddressThatCannotBeTheSourceIsAnError() async throws {
    let endpoint = Endpoint(address: .loopback4, port: 9)
    await #expect(throws: NetworkError.system(call: "bind", code: EAFNOSUPPORT)) {
      _ = try await LiveNetwork(sources: [.loopback6]).connect(to: endpoint, timeout: .seconds(10))
    }
    // An address of the range for documentation, which no machine has.
    await #expect(throws: NetworkError.system(call: "bind", code: EADDRNOTAVAIL)) {
      _ = try await LiveNetwork(sources: [.v4(0xC000_0201)]).connect(
        to: endpoint, timeout: .seconds(10))
    }
  }

  @Test @Reactor func datagramsComeFromTheAddressThatWasNamed() throws {
    let bound = LiveNetwork(sources: [.v4(0x7F00_0203)])
    let socket = try bound.bindDatagrams(at: Endpoint(address: .any4, port: 0))
    #expect(socket.local.address == .v4(0x7F00_0203))
    socket.close()
    #expect(throws: NetworkError.system(call: "bind", code: EAFNOSUPPORT)) {
      _ = try bound.bindDatagrams(at: Endpoint(address: .any6, port: 0))
    }
    let own = try bound.bindDatagrams(at: Endpoint(address: .loopback4, port: 0))
    #expect(own.local.address == .loopback4, "who names an address gets it")
    own.close()
  }

  @Test func interfacesHaveNamesAndAddresses() {
    #expect(NetworkInterfaces.names.contains("lo"))
    #expect(NetworkInterfaces.addresses(of: "lo").contains(.loopback4))
    #expect(NetworkInterfaces.addresses(of: "nope0").isEmpty)
  }

  /// Opens a listening socket whose backlog is full, so that further connects get no answer.
  @Reactor private func withFullBacklog(
    _ body: (Endpoint) async throws -> Void
  ) async throws {
    let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(raw) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(raw, $0, length) | listen(raw, 0) | getsockname(raw, $0, &length)
      }
    }
    try #require(code == 0)
    let endpoint = Endpoint(address: .loopback4, port: UInt16(bigEndian: address.sin_port))
    let filler = try await network.connect(to: endpoint, timeout: .seconds(10))
    try await body(endpoint)
    filler.close()
  }

  @Test @Reactor func connectingWhereNobodyAnswersTimesOut() async throws {
    try await withFullBacklog { endpoint in
      await #expect(throws: NetworkError.timedOut) {
        _ = try await network.connect(to: endpoint, timeout: .milliseconds(30))
      }
    }
  }

  @Test @Reactor func cancellationEndsAnAttemptToConnect() async throws {
    try await withFullBacklog { endpoint in
      let network = network
      let error = await withTaskGroup(of: NetworkError?.self) { group in
        group.addTask { await connectError(network, endpoint) }
        for _ in 0..<10 { await Task.yield() }
        group.cancelAll()
        return await group.next() ?? nil
      }
      #expect(error == .cancelled)
    }
  }

  @Test @Reactor func closingAListenerEndsItsAccept() async throws {
    let listener = try network.listen(at: Endpoint(address: .loopback4, port: 0))
    async let accepted = listener.accept()
    for _ in 0..<10 { await Task.yield() }
    listener.close()
    #expect(await accepted == nil)
    #expect(await listener.accept() == nil)
  }

  @Test @Reactor func cancellationEndsAnAccept() async throws {
    let listener = try network.listen(at: Endpoint(address: .loopback4, port: 0))
    let hasAccepted = await withTaskGroup(of: Bool.self) { group in
      group.addTask { await listener.accept() != nil }
      for _ in 0..<10 { await Task.yield() }
      group.cancelAll()
      return await group.next()
    }
    #expect(hasAccepted == false)
    listener.close()
  }

  @Test @Reactor func aPortInUseIsReported() throws {
    let listener = try network.listen(at: Endpoint(address: .loopback4, port: 0))
    #expect(throws: NetworkError.system(call: "bind", code: EADDRINUSE)) {
      _ = try network.listen(at: listener.endpoint)
    }
    listener.close()
  }

  @Test @Reactor func theSamePortCanBeListenedToInBothFamilies() throws {
    let four = try network.listen(at: Endpoint(address: .any4, port: 0))
    let six = try network.listen(at: Endpoint(address: .any6, port: four.endpoint.port))
    #expect(six.endpoint.port == four.endpoint.port)
    four.close()
    six.close()
  }

  @Test @Reactor func aLiteralAddressNeedsNoLookUp() async throws {
    #expect(
      try await network.resolve(host: "10.1.2.3", port: 5)
        == [Endpoint(address: .v4(0x0A01_0203), port: 5)])
  }

  @Test @Reactor func localhostIsFound() async throws {
    let endpoints = try await network.resolve(host: "localhost", port: 80)
    #expect(!endpoints.isEmpty)
    #expect(endpoints.allSatisfy { $0.address.isLoopback && $0.port == 80 })
  }

  @Test(arguments: ["", "bad host", "a\0b", "nowhere.invalid"])
  @Reactor func whatCannotBeFoundIsReported(host: String) async throws {
    await #expect(throws: NetworkError.self) {
      _ = try await network.resolve(host: host, port: 80)
    }
  }

  @Test @Reactor func aCancelledLookUpReturnsAtOnce() async {
    let network = network
    let isCancelled = await withTaskGroup(of: Bool.self) { group in
      group.addTask { await resolveError(network, "localhost") == .cancelled }
      group.cancelAll()
      return await group.next()
    }
    #expect(isCancelled == true)
  }

  @Test func errorsSayWhatFailed() {
    #expect(
      "\(NetworkError.system(call: "connect", code: ECONNREFUSED))"
        == "connect failed: Connection refused")
    #expect("\(NetworkError.unknownHost("x"))" == "the host name x cannot be resolved")
  }
}

@Reactor
private func connectError(_ network: any Network, _ endpoint: Endpoint) async -> NetworkError? {
  do throws(NetworkError) {
    _ = try await network.connect(to: endpoint, timeout: .seconds(30))
    return nil
  } catch {
    return error
  }
}

@Reactor
private func resolveError(_ network: any Network, _ host: String) async -> NetworkError? {
  do throws(NetworkError) {
    _ = try await network.resolve(host: host, port: 80)
    return nil
  } catch {
    return error
  }
}
