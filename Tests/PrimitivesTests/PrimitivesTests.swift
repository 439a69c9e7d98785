// The PrimitivesTests suite.
