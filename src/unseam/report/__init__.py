"""A `Report` as files: JSON, overlay, one self-contained HTML page."""
