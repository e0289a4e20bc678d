"""Measurements of the running programs, each beside a bare baseline in the same run."""
