// The BencodeTests suite.
