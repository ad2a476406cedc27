"""Screening (筛查): scales as declared files, rounds, what a result says, and how it is followed up (H-01…H-04)."""
