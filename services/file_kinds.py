"""What a file is, told by its content and never by its name; what can't be told, or could do harm, is refused."""

import io
import zipfile
from enum import StrEnum

from db.tables import MAX_FILE_BYTES, FileKind
from services.errors import DomainError

MOST_PARTS = 5000
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IN_ARCHIVE = {
    "word/document.xml": FileKind.DOCX,
    "xl/workbook.xml": FileKind.XLSX,
    "ppt/presentation.xml": FileKind.PPTX,
}
_IN_COMPOUND = {
    "WordDocument": FileKind.DOC,
    "Workbook": FileKind.XLS,
    "PowerPoint Document": FileKind.PPT,
}
MIME = {
    FileKind.PDF: "application/pdf",
    FileKind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileKind.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    FileKind.DOC: "application/msword",
    FileKind.XLS: "application/vnd.ms-excel",
    FileKind.PPT: "application/vnd.ms-powerpoint",
    FileKind.JPEG: "image/jpeg",
    FileKind.PNG: "image/png",
}


_ENDINGS = (".jpeg", *(f".{kind.value}" for kind in FileKind))


class FileProblem(StrEnum):
    """Why a file is refused."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNKNOWN = "unknown"
    MISNAMED = "misnamed"  # called as one that is kept, and is none
    DAMAGED = "damaged"
    MACROS = "macros"
    PASSWORD = "password"  # noqa: S105  a reason


class FileRefused(DomainError):
    """This file can't be kept; `reason` says why."""

    def __init__(self, reason: FileProblem) -> None:
        super().__init__(reason)
        self.reason = reason


def kind_of(content: bytes, *, file_name: str = "") -> FileKind:
    """Return what a file is; nothing is unpacked or run to find out. Its name only decides what a refusal says.

    Raises:
        FileRefused: it is empty, too large, damaged, of another kind, holds macros or is locked by a password.
    """
    try:
        return _told_by(content)
    except FileRefused as error:
        if error.reason is FileProblem.UNKNOWN and file_name.lower().endswith(_ENDINGS):
            raise FileRefused(FileProblem.MISNAMED) from error
        raise


def _told_by(content: bytes) -> FileKind:
    if not content:
        raise FileRefused(FileProblem.EMPTY)
    if len(content) > MAX_FILE_BYTES:
        raise FileRefused(FileProblem.TOO_LARGE)
    if content.startswith(b"%PDF-"):
        return FileKind.PDF
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileKind.PNG
    if content.startswith(b"\xff\xd8\xff"):
        return FileKind.JPEG
    if content.startswith(b"PK\x03\x04"):
        return _of_archive(content)
    if content.startswith(_COMPOUND):
        return _of_compound(content)
    raise FileRefused(FileProblem.UNKNOWN)


def _of_archive(content: bytes) -> FileKind:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
        raise FileRefused(FileProblem.DAMAGED) from error
    if len(names) > MOST_PARTS:
        raise FileRefused(FileProblem.UNKNOWN)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise FileRefused(FileProblem.MACROS)
    found = [kind for part, kind in _IN_ARCHIVE.items() if part in names]
    if len(found) != 1 or "[Content_Types].xml" not in names:
        raise FileRefused(FileProblem.UNKNOWN)
    return found[0]


def _of_compound(content: bytes) -> FileKind:
    """Look for the names of the streams, which stand in the container as they are."""

    def holds(name: str) -> bool:
        return name.encode("utf-16-le") in content

    if holds("EncryptedPackage"):
        raise FileRefused(FileProblem.PASSWORD)
    if holds("_VBA_PROJECT"):
        raise FileRefused(FileProblem.MACROS)
    found = [kind for name, kind in _IN_COMPOUND.items() if holds(name)]
    if not found:
        raise FileRefused(FileProblem.UNKNOWN)
    return found[0]
