"""One time line over everything somebody may know of a child; `sources` says what stands on it."""

from services.time_line.lines import PAGE_SIZE, KindCount, TimeLine, TimeLineRow, list_time_line
from services.time_line.parts import IMPORTED, Source

__all__ = ["IMPORTED", "PAGE_SIZE", "KindCount", "Source", "TimeLine", "TimeLineRow", "list_time_line"]
