// The Swarm target.
