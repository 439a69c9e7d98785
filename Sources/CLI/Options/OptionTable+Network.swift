import Download
import Primitives

extension OptionTable {
  /// The options for our own addresses, and for the places to which URLs may lead.
  static let network: [OptionSpecification] = [
    OptionSpecification(
      "--port", "listen for peers on PORT, for all torrents (default: any free port)", for: seekers,
      .value(OptionValue("PORT")) { invocation, text throws(ExpectedValue) in
        guard let port = UInt16(text) else { throw ExpectedValue("a port from 0 to 65535") }
        invocation.session.port = port
      }),
    OptionSpecification(
      "--bind", "use only this local address or interface, such as eth0, for peer traffic",
      for: seekers,
      .value(OptionValue("ADDRESS")) { invocation, text throws(ExpectedValue) in
        if let address = IPAddress(text) {
          invocation.session.bindAddresses = [address]
          invocation.names.interface = nil
        } else {
          invocation.names.interface = try OptionText.interface(text)
        }
      }),
    OptionSpecification(
      "--unbound-http", "allow http(s), which --bind cannot hold to its address", for: seekers,
      .toggle { invocation, isOn in invocation.allowsUnboundHTTP = isOn }),
    OptionSpecification(
      "--allow-local-urls", "let URLs lead anywhere on this machine and the local network",
      for: seekers.union([.scrape]),
      .toggle { invocation, isOn in invocation.session.allowsLocalURLs = isOn }),
    OptionSpecification(
      "--listen", "address of the tracker; port 0 is any free port", for: [.tracker],
      .value(OptionValue("HOST:PORT")) { invocation, text throws(ExpectedValue) in
        invocation.listenPlace = try OptionText.place(text, allowsAnyPort: true)
      }),
  ]
}
