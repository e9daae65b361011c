"""The network that reads evidence: features of 8 x 8 blocks over the whole photo, related to one another."""
