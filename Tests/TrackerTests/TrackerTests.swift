// The TrackerTests suite.
