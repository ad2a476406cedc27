"""The files of packages that were handed over or are to be: which of them go, and when."""

import time

from sqlmodel import col, select

from db.tables import HandoverPackage
from db.transactions import reading
from services import clock
from services.handover_rules import FILE_DAYS, package_dir

_MADE_LONG_AGO = 3_600  # seconds; nobody is still writing what has not grown for an hour


def sweep() -> int:
    """Remove files that belong to no package that waits: half written ones, received, taken back, too old; how many."""
    with reading() as session:
        found = select(
            col(HandoverPackage.uid),
            col(HandoverPackage.made_at),
            col(HandoverPackage.received_on),
            col(HandoverPackage.withdrawn_at),
        ).order_by(col(HandoverPackage.id))
        rows = session.exec(found).all()
    keep = {
        f"{uid}.zip"
        for uid, made_at, received_on, withdrawn_at in rows
        if received_on is None
        and withdrawn_at is None
        and (clock.today() - clock.local(made_at).date()).days <= FILE_DAYS
    }
    known = {f"{uid}.zip" for uid, *_ in rows}
    gone = 0
    for path in package_dir().glob("*"):
        is_nobodys = path.name not in known
        if path.name in keep or (is_nobodys and time.time() - path.stat().st_mtime < _MADE_LONG_AGO):
            continue  # one that nobody knows yet may be in the making
        path.unlink(missing_ok=True)
        gone += 1
    return gone
