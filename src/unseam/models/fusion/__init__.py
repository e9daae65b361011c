"""The network `fusion`: features of 8 x 8 blocks over the whole photo, fused by one network."""
