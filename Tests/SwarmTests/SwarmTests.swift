// The SwarmTests suite.
