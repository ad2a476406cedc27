"""Files for the tests, small and invented: what schools send, and what must not get in."""

import io
import zipfile

PDF = b"%PDF-1.7\n% invented\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 40
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def office(part: str, *more: str) -> bytes:
    """An Office file that holds these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("[Content_Types].xml", part, *more):
            archive.writestr(name, "<invented/>")
    return file.getvalue()


def compound(*streams: str) -> bytes:
    """An old Office file with streams of these names."""
    return _COMPOUND + b"".join(name.encode("utf-16-le") + b"\0" * 64 for name in streams)


DOCX = office("word/document.xml")
