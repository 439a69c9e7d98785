// The StorageTests suite.
