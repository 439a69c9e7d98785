// The EndToEndTests suite.
