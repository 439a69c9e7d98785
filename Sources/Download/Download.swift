// The Download target.
