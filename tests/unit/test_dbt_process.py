"""``govshare-dbt``: dbt's command line in a process of our own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dbt_common.clients.jinja import MacroFuzzEnvironment, get_template
from dbt_common.exceptions import CompilationError

from catalogue.dbt import dbt_executable
from catalogue.dbt_process import keep_compiled_templates


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


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["no-such-command"], 2)])
def test_the_process_ends_with_dbts_own_code(tmp_path: Path, arguments: list[str], code: int) -> None:
    environment = os.environ | {"DBT_TARGET_PATH": str(tmp_path)}
    done = subprocess.run(
        [dbt_executable(), *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert done.stdout + done.stderr
