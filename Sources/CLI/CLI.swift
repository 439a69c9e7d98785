// The CLI target.
