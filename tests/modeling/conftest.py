"""A server that speaks S3 for the tests of artifacts; loaded when the first of them asks for it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.modeling.s3_server import Front, S3Server


@pytest.fixture(scope="session")
def s3_front() -> Iterator["Front"]:
    from tests.modeling.s3_server import Front

    front = Front()
    with front.listening():
        yield front


@pytest.fixture
def s3(s3_front: "Front") -> Iterator["S3Server"]:
    """With one empty bucket."""
    with s3_front.fresh() as server:
        yield server
