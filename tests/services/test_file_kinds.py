"""What a file is, by its content: what is kept, and what is refused with a reason."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.tables import MAX_FILE_BYTES, FileKind
from services.file_kinds import MIME, MOST_PARTS, FileProblem, FileRefused, kind_of
from tests.services.files import DOCX, JPEG, PDF, PNG, compound, office


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, FileKind.PDF),
        (PNG, FileKind.PNG),
        (JPEG, FileKind.JPEG),
        (DOCX, FileKind.DOCX),
        (office("xl/workbook.xml"), FileKind.XLSX),
        (office("ppt/presentation.xml"), FileKind.PPTX),
        (compound("WordDocument"), FileKind.DOC),
        (compound("Workbook"), FileKind.XLS),
        (compound("PowerPoint Document"), FileKind.PPT),
    ],
    ids=[kind.value for kind in (
        FileKind.PDF, FileKind.PNG, FileKind.JPEG, FileKind.DOCX, FileKind.XLSX, FileKind.PPTX, FileKind.DOC,
        FileKind.XLS, FileKind.PPT)],
)  # fmt: skip
def test_a_file_is_what_its_content_says(content: bytes, kind: FileKind):
    assert kind_of(content) is kind


@pytest.mark.parametrize("name", ["计划.pdf", "计划.DOCX", "照片.jpeg"])
def test_what_is_not_as_it_is_called_is_said_so(name: str):
    for content in (b"\0" * 300, office("other.xml")):
        with pytest.raises(FileRefused) as refused:
            kind_of(content, file_name=name)
        assert refused.value.reason is FileProblem.MISNAMED
    with pytest.raises(FileRefused) as refused:
        kind_of(b"\0" * 300, file_name="计划.wps")
    assert refused.value.reason is FileProblem.UNKNOWN


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", FileProblem.EMPTY),
        (b"%PDF-" + b"\0" * MAX_FILE_BYTES, FileProblem.TOO_LARGE),
        (b"<html><script>alert(1)</script>", FileProblem.UNKNOWN),
        (b"MZ\x90\x00" + b"\0" * 100, FileProblem.UNKNOWN),
        (b"#!/bin/sh\n", FileProblem.UNKNOWN),
        (b"GIF89a", FileProblem.UNKNOWN),
        (DOCX[: len(DOCX) // 2], FileProblem.DAMAGED),
        (office("evil.exe"), FileProblem.UNKNOWN),
        (office("word/document.xml", "word/vbaProject.bin"), FileProblem.MACROS),
        (office("word/document.xml", "xl/workbook.xml"), FileProblem.UNKNOWN),
        (office("word/document.xml", *(f"word/{number}.xml" for number in range(MOST_PARTS))), FileProblem.UNKNOWN),
        (compound("EncryptedPackage"), FileProblem.PASSWORD),
        (compound("WordDocument", "_VBA_PROJECT"), FileProblem.MACROS),
        (compound("Something"), FileProblem.UNKNOWN),
    ],
    ids=[
        "nothing", "larger than any", "a web page", "a program", "a script", "another kind of picture", "half a file",
        "any archive", "macros", "two at once", "too many parts", "locked", "old macros", "another container",
    ],
)  # fmt: skip
def test_what_is_refused_says_why(content: bytes, reason: FileProblem):
    with pytest.raises(FileRefused) as refused:
        kind_of(content)

    assert refused.value.reason is reason


def test_every_kind_has_its_type():
    assert set(MIME) == set(FileKind)


@given(st.sampled_from([b"", b"PK\x03\x04", b"%PDF-", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]), st.binary(max_size=2000))
def test_any_bytes_are_told_or_refused(start: bytes, rest: bytes):
    with suppress(FileRefused):
        assert kind_of(start + rest) in FileKind
