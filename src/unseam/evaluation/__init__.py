"""How well a method finds manipulated pixels: counts first, then figures, tables and curves."""
