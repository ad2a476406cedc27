"""Pages of a list: how many there are, and which one is shown where the one asked for is not there."""


def page_count(total: int, page_size: int) -> int:
    """Return how many pages a list has; an empty one has one."""
    return max(1, -(-total // page_size))


def page_there(asked: int, *, total: int, page_size: int) -> int:
    """Return the page asked for, from 1; the first one where it isn't there, because a filter was set meanwhile."""
    return asked if 1 <= asked <= page_count(total, page_size) else 1
