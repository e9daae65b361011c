"""What a file says about itself: metadata, encoder, embedded preview."""
