// The Hashing target.
