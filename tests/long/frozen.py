"""Brought in last by the process that others are forked from: what it loaded is nothing for their collector to read.

Without this a whole collection falls into the first act of a forked process, or not, by where the counts stand: reading
every object copies every page, 0.2 s in which the process does nothing that a kill could meet.
"""

import gc

gc.collect()
gc.freeze()
