// The Tracker target.
