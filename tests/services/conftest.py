"""What only the service tests need."""

import pytest
from sqlalchemy import event


@pytest.fixture
def statements(session):
    """Every statement sent since."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)
