"""From the bytes of a CSV file to its lines and their cells, whatever its encoding and however broken."""

import csv
import re
from collections.abc import Iterator

UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
UTF_8_MARK = b"\xef\xbb\xbf"
BLANK = ", \t;"
LINE_END = re.compile(rb"\r\n|\r|\n")


def numbered_lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Every line that is not blank, with its number from 1."""
    return ((number, text) for number, text in enumerate(_texts(data), start=1) if text.strip(BLANK))


def _texts(data: bytes) -> Iterator[str]:
    if data.startswith(UTF_16_MARKS):
        data = data.decode("utf-16", errors="replace").encode()
    for line in LINE_END.split(data.removeprefix(UTF_8_MARK)):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            # Older files are Windows-1252. Decided line by line: some were edited since.
            yield line.decode("cp1252", errors="replace")


def cells_of(text: str) -> list[str]:
    """Of a line by itself: a stray quotation mark must not swallow those that follow. Empty if too long."""
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return []
