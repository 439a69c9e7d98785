// The PeerWireTests suite.
