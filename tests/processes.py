"""Starting processes that tests interrupt."""

from __future__ import annotations

import signal


def interruptible() -> None:
    """A ``preexec_fn``: let SIGINT through, which a shell's background jobs and what they start ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
