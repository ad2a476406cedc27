"""Two at once, on SQLite and on PostgreSQL: one wins, the other gets a sentence, nothing is lost."""

import pytest

pytestmark = pytest.mark.long


@pytest.fixture(params=["sqlite", "postgresql"])
def database_engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)
