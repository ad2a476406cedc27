"""After the first page: what other pages need is loaded, and what stays is left out of garbage collection."""

import json
import os
import subprocess
import sys

from db.location import PROJECT_DIR
from db.tables import AT_SIGN_IN, SystemFact
from db.transactions import transaction
from services import clock, setup

ROOT = PROJECT_DIR
ASK = """
import gc, json, sys
from ui import warming
before, usual = set(sys.modules), gc.get_threshold()
warming.start()
while_loading = gc.get_threshold()
warming.warm_up()
loaded = set(sys.modules) - before
print(json.dumps({
    "seldom": while_loading[0] > 10 * usual[0] and gc.get_threshold() == usual,
    "frozen": gc.get_freeze_count(),
    "tracked": len(gc.get_objects()),
    "main": "ui.main" in loaded,
    "demonstration": "services.demonstration.filling" in loaded,
    "needed": sorted({"pandas", "pypinyin", "services.home", "services.exchange.documents", "ui.tables"} & loaded),
}))
"""


def test_what_is_loaded_after_the_first_page_stays_out_of_garbage_collection():
    line = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    told = json.loads(line.splitlines()[-1])

    assert told["frozen"] > 100_000
    assert told["tracked"] < told["frozen"] / 20
    assert told["seldom"]
    assert not told["main"]
    assert not told["demonstration"]
    assert told["needed"] == ["pandas", "pypinyin", "services.exchange.documents", "services.home", "ui.tables"]


SIGN_IN = """
import asyncio, json, sys
import app
from streamlit.testing.v1 import AppTest
app.start_warming = lambda: None

async def draw():
    async with app.at_work(app.app):
        return await asyncio.to_thread(AppTest.from_file("ui/main.py", default_timeout=30).run)

screen = asyncio.run(draw())
print(json.dumps({"drawn": [each.label for each in screen.text_input], "loaded": sorted(sys.modules)}))
"""


def test_the_sign_in_page_waits_for_nothing_it_does_not_draw(location):
    with transaction() as session:
        session.add(SystemFact(name=setup.CLAIMED, value=clock.now().isoformat()))
    place = {"CARE_DATA_DIR": str(location.data_dir), "CARE_KEY_FILE": str(location.key_file)}
    url = {"CARE_DATABASE_URL": location.database_url} if location.database_url else {}
    answer = subprocess.run(
        [sys.executable, "-c", SIGN_IN], cwd=ROOT, env={**os.environ, **place, **url}, capture_output=True, check=True
    )
    told = json.loads(answer.stdout.splitlines()[-1])
    loaded = set(told["loaded"])

    assert told["drawn"] == ["账号", "密码"]
    assert {name for name in loaded if name.startswith("db.tables.")} == {f"db.tables.{name}" for name in AT_SIGN_IN}
    assert loaded & {"ui.messages", "services.home", "services.students", "services.accounts"} == set()
    assert loaded & {"services.exchange.readings", "services.backup_work", "services.row_filters"} == set()
    assert loaded & {"xlsxwriter", "pypinyin"} == set()


PIECES = """
import sys
from db.errors import KeyMissing
try:
    import ui.main  # which asks at once who it is
except KeyMissing:
    pass
print([name for name in sys.argv[1:] if name in sys.modules])
"""


def test_what_the_sign_in_page_is_drawn_with_does_without_pandas(tmp_path):
    """Asked by itself: what draws the page in the test above needs pandas."""
    answer = subprocess.run(
        [sys.executable, "-c", PIECES, "ui.sign_in", "pandas"],
        cwd=ROOT,
        env={**os.environ, "CARE_DATA_DIR": str(tmp_path), "CARE_KEY_FILE": str(tmp_path / "care.key")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout == "['ui.sign_in']\n"
