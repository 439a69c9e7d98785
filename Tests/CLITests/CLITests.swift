// The CLITests suite.
