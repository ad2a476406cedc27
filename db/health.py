"""Whether the database answers and has this program's schema."""

from db.engine import runtime
from db.errors import DatabaseNewer, DatabaseOutdated, StartupProblem
from db.upgrade import check_current


def check() -> dict[str, str]:
    """Return `ok`/`current`, or in a word what is wrong; never raises and names nothing private."""
    try:
        check_current(runtime())
    except DatabaseOutdated:
        return {"database": "ok", "migrations": "outdated"}
    except DatabaseNewer:
        return {"database": "ok", "migrations": "newer"}
    except StartupProblem:
        return {"database": "unreachable", "migrations": "unknown"}
    return {"database": "ok", "migrations": "current"}
