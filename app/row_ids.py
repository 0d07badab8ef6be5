"""The numbers of rows, as a path names them."""

from typing import Annotated

from fastapi import Path

BIGINT_MAX = 2**63 - 1
RowId = Annotated[int, Path(ge=1, le=BIGINT_MAX)]
