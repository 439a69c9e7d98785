// The HashingTests suite.
