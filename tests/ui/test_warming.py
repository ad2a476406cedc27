"""After the first page: what other pages need is loaded, and what stays is left out of garbage collection."""

import json
import os
import subprocess
import sys

from db.location import PROJECT_DIR

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
import sys
try:
    import ui.main  # which asks at once who it is
except KeyMissing:
    pass
print([name for name in sys.argv[1:] if name in sys.modules])
"""


def test_the_sign_in_page_waits_for_nothing_it_does_not_draw(tmp_path):
    late = ["ui.messages", "services.home", "services.exchange.readings", "xlsxwriter", "pandas", "pypinyin"]
    answer = subprocess.run(
        [sys.executable, "-c", "from db.errors import KeyMissing" + SIGN_IN, "ui.sign_in", *late],
        cwd=ROOT,
        env={**os.environ, "CARE_DATA_DIR": str(tmp_path), "CARE_KEY_FILE": str(tmp_path / "care.key")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout == "['ui.sign_in']\n"
