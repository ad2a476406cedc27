"""The triggers that keep append-only tables append-only, on both engines."""

from sqlalchemy import Connection, text

APPEND_ONLY = ("audit_event",)
"""Tables whose rows nobody may change or remove."""

ACTIONS = ("UPDATE", "DELETE")


def declared_triggers() -> set[str]:
    """Return the names of all triggers there have to be."""
    return {f"{table}_no_{action.lower()}" for table in APPEND_ONLY for action in ACTIONS}


def _statements(dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in APPEND_ONLY
            for action in ACTIONS
        ]
    function = (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME; END $$"
    )
    return [function] + [
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        for table in APPEND_ONLY
        for action in ACTIONS
    ]


def list_triggers(connection: Connection) -> set[str]:
    """Return the names of the triggers the database has."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND n.nspname = current_schema()"
    )
    return set(connection.execute(text(query)).scalars())


def drop_triggers(connection: Connection) -> None:
    """Take every declared trigger away; only for work on a database nobody else sees, which puts them back."""
    for table in APPEND_ONLY:
        for action in ACTIONS:
            name = f"{table}_no_{action.lower()}"
            on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{on}")


def create_triggers(connection: Connection) -> None:
    """Put back every declared trigger; a batch migration on SQLite drops them."""
    drop_triggers(connection)
    for statement in _statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
