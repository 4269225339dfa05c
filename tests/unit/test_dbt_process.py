"""``govshare-dbt``: dbt's command line in a process of our own."""

from __future__ import annotations

import io
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dbt.tracking import track_behavior_change_warn
from dbt_common.clients.jinja import MacroFuzzEnvironment, get_template
from dbt_common.events import event_manager
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.logger import LoggerConfig
from dbt_common.events.types import Note
from dbt_common.exceptions import CompilationError
from mashumaro.config import BaseConfig
from mashumaro.core.meta.code.builder import CodeBuilder
from mashumaro.mixins.dict import DataClassDictMixin

from catalogue.dbt import dbt_executable
from catalogue.dbt_process import keep_compiled_templates, pass_over_unheard_events, write_code_when_needed


def rendered(text: str, **names: Any) -> str:
    return str(get_template(text, {}).render(names))


def test_a_template_compiled_once_is_not_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MacroFuzzEnvironment, "compile", MacroFuzzEnvironment.compile)  # as it was, afterwards
    keep_compiled_templates(tmp_path / "templates")
    assert rendered("select {{ one + 1 }}", one=1) == "select 2"

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(MacroFuzzEnvironment, "_generate", refuse)
    assert rendered("select {{ one + 1 }}", one=2) == "select 3"
    with pytest.raises(CompilationError, match="compiled again"):
        rendered("select {{ one + 2 }}", one=2)


@pytest.mark.parametrize("at", [0, 40, -1], ids=["its sum", "its head", "its end"])
def test_a_damaged_template_is_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    monkeypatch.setattr(MacroFuzzEnvironment, "compile", MacroFuzzEnvironment.compile)
    keep_compiled_templates(tmp_path)
    assert rendered(f"select {{{{ one + {at} }}}}", one=1) == f"select {1 + at}"
    [file] = tmp_path.glob("*.cache")
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    assert rendered(f"select {{{{ one + {at} }}}}", one=1) == f"select {1 + at}"
    assert file.read_bytes() != content


def test_a_kind_of_object_has_its_code_made_at_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[CodeBuilder] = []
    compiled = CodeBuilder.compile
    monkeypatch.setattr(CodeBuilder, "compile", lambda self: (made.append(self), compiled(self)))
    monkeypatch.setattr(BaseConfig, "lazy_compilation", False)  # as it was, afterwards
    write_code_when_needed()

    @dataclass
    class Pair(DataClassDictMixin):
        one: int
        other: str

    before = len(made)
    assert Pair.from_dict({"one": 1, "other": "b"}).to_dict() == {"one": 1, "other": "b"}
    assert len(made) > before


@pytest.mark.parametrize(
    ("level", "log", "listens", "heard"),
    [
        (EventLevel.DEBUG, EventLevel.INFO, False, False),
        (EventLevel.DEBUG, EventLevel.DEBUG, False, True),
        (EventLevel.DEBUG, EventLevel.INFO, True, True),
        (EventLevel.WARN, EventLevel.INFO, False, True),
    ],
)
def test_an_event_that_nobody_takes_costs_no_message(
    monkeypatch: pytest.MonkeyPatch, level: EventLevel, log: EventLevel, listens: bool, heard: bool
) -> None:
    messages: list[Any] = []
    make = event_manager.msg_from_base_event
    monkeypatch.setattr(event_manager, "msg_from_base_event", lambda *a, **k: messages.append(a) or make(*a, **k))
    monkeypatch.setattr(EventManager, "fire_event", EventManager.fire_event)  # as it was, afterwards
    pass_over_unheard_events()
    manager, said, listened = EventManager(), io.StringIO(), []
    manager.add_logger(LoggerConfig(name=f"test {level} {log} {listens}", level=log, output_stream=said))
    manager.add_callback(track_behavior_change_warn)
    if listens:
        manager.add_callback(listened.append)
    manager.fire_event(Note(msg="a step"), level=level, node=None, force_warn_or_error_handling=False)
    assert (len(messages), "a step" in said.getvalue()) == (heard, heard and not listens)
    assert len(listened) == listens


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["no-such-command"], 2)])
def test_the_process_ends_with_dbts_own_code(tmp_path: Path, arguments: list[str], code: int) -> None:
    environment = os.environ | {"DBT_TARGET_PATH": str(tmp_path)}
    done = subprocess.run(
        [dbt_executable(), *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert done.stdout + done.stderr
