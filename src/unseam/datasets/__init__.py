"""Data sets: one adapter per public set, from a folder to a list of samples; and the windows cut from them."""
