"""What follows from code is up to date, and every variable that it names is one a process reads."""

import re
import subprocess
import sys

from sightline_common.settings import PREFIX
from tools.generate import ROOT, SECTIONS, env_example


def test_generated_files_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.generate", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_env_example_names_every_setting_once() -> None:
    named = re.findall(rf"^# ({PREFIX}\w+)=", env_example(), flags=re.MULTILINE)
    fields = {f"{PREFIX}{field.upper()}" for kind in SECTIONS.values() for field in kind.model_fields}
    assert sorted(named) == sorted(fields)


def test_every_setting_says_what_it_is() -> None:
    for kind in SECTIONS.values():
        assert all(field.description for field in kind.model_fields.values()), kind.__name__
