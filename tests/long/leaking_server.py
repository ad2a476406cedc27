"""The real server, one of whose services breaks in a way that carries what was typed.

python -m tests.long.leaking_server integrity|validation|crash|thread …what `streamlit run` is given
"""

import sys
import threading
from tempfile import SpooledTemporaryFile

from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from streamlit.web import cli

from services import students

ON_DISK = "a part of an upload lies on the disk"


class _Number(BaseModel):
    number: int


def break_with(kind: str, text: str) -> None:
    """Raise what a defect would raise, the typed text in its words, its arguments and its frames."""
    if kind == "integrity":
        raise IntegrityError(f"INSERT INTO student VALUES ('{text}')", {"name": text}, Exception(text))
    if kind == "validation":
        _Number.model_validate({"number": text})
    if kind == "thread":
        threading.Thread(target=lambda: break_with("crash", text), name=text).start()
    try:
        raise KeyError(text)
    except KeyError as error:
        raise RuntimeError(f"could not find {text}") from error


def main() -> None:
    """Put the defect in place and serve."""
    kind = sys.argv.pop(1)

    def find_students(_session: object, _actor: object, *, text: str, **_: object) -> None:
        break_with(kind, text)

    students.find_students = find_students  # type: ignore[assignment]
    rollover = SpooledTemporaryFile.rollover

    def told_rollover(self: "SpooledTemporaryFile[bytes]") -> None:
        print(ON_DISK, flush=True)
        rollover(self)

    SpooledTemporaryFile.rollover = told_rollover  # type: ignore[method-assign]
    sys.argv[0] = "streamlit"
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
