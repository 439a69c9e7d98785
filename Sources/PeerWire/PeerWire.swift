// The PeerWire target.
