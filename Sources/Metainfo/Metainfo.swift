// The Metainfo target.
