"""What the gateway's process hides from others of its user."""

import ctypes
import logging
import os
import sys
from typing import Final

log = logging.getLogger(__name__)

_PR_SET_DUMPABLE: Final = 4  # linux/prctl.h


def conceal_process() -> None:
    """Close the process's environment and memory to unprivileged processes of its user; Linux alone has that.

    The process that decodes strangers' images has the same user: a decoder that was broken into would otherwise read
    the gateway's secrets under /proc. It also means that there are no core dumps.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        reason = os.strerror(ctypes.get_errno())
        log.warning("others of this user can read the gateway's memory and environment: %s", reason)
