"""Which errors of a collection deserve a second try, and what logs may say of them."""

from __future__ import annotations

import pytest

from connectors.base import CollectError
from orchestration.failures import logged, may_pass, told


def raised(error: BaseException, below: BaseException | None = None) -> BaseException:
    """The error as it comes out of code, with what it was raised for."""
    try:
        try:
            if below:
                raise below
        except BaseException:
            raise error from None
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize("below", [ConnectionResetError(), TimeoutError(), ConnectionRefusedError()])
def test_what_broke_off_may_pass_even_below_another_error(below: Exception) -> None:
    assert may_pass(below)
    assert may_pass(raised(CollectError("the source cannot be read"), below))


@pytest.mark.parametrize("below", [FileNotFoundError("a.csv"), PermissionError("a.csv"), KeyError("x"), None])
def test_what_is_missing_or_wrong_stays_so(below: Exception | None) -> None:
    assert not may_pass(raised(CollectError("connection 'x' is not declared"), below))


def test_drivers_without_a_kind_of_error_are_known_by_their_words() -> None:
    assert may_pass(CollectError("cannot be reached: connection to server at 10.1.2.3 failed: Connection refused"))
    assert not may_pass(CollectError("the database refuses the connection: password authentication failed"))


def test_a_connector_that_says_so_is_believed() -> None:
    class Busy(CollectError):
        may_pass = True

    class Never(CollectError):
        may_pass = False

    assert may_pass(Busy("x"))
    assert not may_pass(raised(Never("x"), TimeoutError()))


def test_an_error_that_nobody_foresaw_is_told_without_its_text() -> None:
    error = raised(ValueError("身份证 410702198503180017 不能解析"))
    assert "410702" not in told(error) + logged(error)
    assert told(error).startswith("ValueError at test_orchestration_failures.py:")
    assert "raise error" in logged(error)
    assert told(CollectError("no file", where="office", remedy="bring it")) == "office: no file. Remedy: bring it."
