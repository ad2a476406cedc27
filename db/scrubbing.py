"""After records were removed: nothing of them stays in free pages or in the write-ahead log."""

from contextlib import closing

import sqlcipher3.dbapi2 as sqlcipher

from db.engine import Runtime


def scrub(runtime: Runtime) -> bool:
    """Rewrite the database without free pages and empty its log; False where somebody was at work all the while.

    Removed rows are overwritten at once (secure_delete); this also clears what was left by versions that did not.
    """
    with closing(runtime.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        if not runtime.location.is_embedded:
            connection.driver_connection.rollback()  # type: ignore[union-attr]  # psycopg's
            connection.driver_connection.autocommit = True  # type: ignore[union-attr]
            try:
                cursor.execute("VACUUM")
            finally:
                connection.driver_connection.autocommit = False  # type: ignore[union-attr]
            return True
        try:
            cursor.execute("VACUUM")
            (is_busy, *_), *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlcipher.OperationalError:  # locked longer than the timeout
            return False
        return not is_busy
