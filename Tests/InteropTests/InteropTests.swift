// The InteropTests suite.
