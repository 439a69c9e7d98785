// The Bencode target.
