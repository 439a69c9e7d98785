// The NetworkingTests suite.
