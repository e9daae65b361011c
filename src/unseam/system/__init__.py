"""What several rooms need of the system: atomic files, folder locks, worker processes, versions, text."""
