"""How long it takes to evaluate every clause for the whole school: first with nothing kept, then with nothing written.

python -m bench.clauses   prints both in milliseconds; a process of its own, so that nothing is kept before.
"""

import json
import time
from datetime import date

from db import engine
from db.location import Location
from db.transactions import reading
from services import clock
from services.regulations.kept_results import whole_school
from services.regulations.measures import measures
from services.regulations.switches import Switched, Switches


def main() -> None:
    """Evaluate twice, as if every clause had counted since the first year."""
    engine.use(Location.from_environment())
    everything = Switches({clause_id: (Switched(date.min, 1, True),) for clause_id in measures()})
    print(json.dumps([_milliseconds(everything) for _ in range(2)]))


def _milliseconds(switches: Switches) -> float:
    begun = time.perf_counter()
    with reading() as session:
        whole_school(session, on=clock.today(), switches=switches)
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
