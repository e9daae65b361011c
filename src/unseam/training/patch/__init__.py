"""Training of networks that label patches."""
