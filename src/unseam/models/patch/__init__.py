"""Networks that label patches."""
