"""deploy/compose/certificates.sh, interrupted."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.secured import SCRIPT, make_certificates

pytestmark = pytest.mark.process


def test_a_renewal_that_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    """The old broker's certificate beside a new authority passed for whole, and no client trusted the broker again."""
    out, programs = tmp_path / "out", tmp_path / "bin"
    make_certificates(out)
    programs.mkdir()
    (programs / "mv").write_text('#!/bin/sh\n/bin/mv "$1" "$2"\ncase $2 in */kafka/ca.pem) kill $PPID;; esac\n')
    (programs / "mv").chmod(0o755)
    interrupted = subprocess.run(
        [SCRIPT, out, "--renew"],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        check=False,
        capture_output=True,
    )
    assert interrupted.returncode != 0

    make_certificates(out)
    for authority in ("kafka", "access", "bridge"):
        files = (out / authority / "ca.pem", out / "kafka/broker.pem")
        subprocess.run(["openssl", "verify", "-CAfile", *files], check=True, capture_output=True)
