"""Copies of a dump, without a server."""

from pathlib import Path
from typing import Any

import pytest

from db.errors import BackupUnwritable
from db.postgres_dumps import copy_dump


def test_a_folder_that_is_not_there_is_no_place_for_a_copy(tmp_path: Path):
    source, unplugged = tmp_path / "care.dump", tmp_path / "disk" / "backups"
    source.write_bytes(b"x")
    not_reached: Any = None

    with pytest.raises(BackupUnwritable):
        copy_dump(source, not_reached, unplugged, not_reached)

    assert not unplugged.parent.exists()
