"""What the shipped settings must say, whatever else changes in them."""

import tomllib
from pathlib import Path

CONFIG = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"


def test_no_page_waits_for_garbage_collection_and_no_error_shows_a_child():
    told = tomllib.loads(CONFIG.read_text(encoding="utf-8"))

    assert told["runner"] == {"magicEnabled": False, "postScriptGC": False}
    assert told["client"]["showErrorDetails"] == "none"
    assert told["client"]["disableDataExport"]
    assert not told["browser"]["gatherUsageStats"]
