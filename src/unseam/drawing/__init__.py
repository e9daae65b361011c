"""Pictures: heat maps over photos, contact sheets."""
