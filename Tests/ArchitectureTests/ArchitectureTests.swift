// The ArchitectureTests suite.
