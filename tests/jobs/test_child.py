"""What a run leaves behind is kept short and plain."""

from typing import Any

import pytest

from jobs.child import LONGEST_ERROR, describe, storable_result, trace_of


def test_a_result_that_is_no_model_is_refused_in_plain_words() -> None:
    result: Any = {"rows": 3}
    with pytest.raises(TypeError, match="a handler returns a pydantic model or None, not dict"):
        storable_result(result)


def test_a_very_long_error_is_shortened_and_whole_in_its_trace() -> None:
    error = ValueError("x" * (LONGEST_ERROR + 1_234))
    assert describe(error) == f"ValueError: {'x' * LONGEST_ERROR} ... (1,234 characters more)"
    assert "x" * (LONGEST_ERROR + 1_234) in trace_of(error)
