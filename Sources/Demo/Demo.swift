// The Demo target.
