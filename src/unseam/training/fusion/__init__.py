"""Training of the network `fusion`."""
