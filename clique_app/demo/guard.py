"""Ends the demo's processes when the supervisor is gone, however it went.

The supervisor holds the writing end of this process's stdin and does nothing with it; every child announces itself
there before it starts. The end of the file is the sign to stop: also after kill -9, and for children's children.
Run by path with the bare interpreter, so that it is small and starts at once.
"""

import contextlib
import os
import signal
import sys
import time

GRACE_SECONDS = 6.0


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def stop(children: dict[int, int]) -> None:
    """Asks each leader to end, gives them time, then removes what is left of their groups."""
    for pid, stop_signal in children.items():
        if alive(pid):
            os.kill(pid, stop_signal)
    until = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < until and any(alive(pid) for pid in children):
        time.sleep(0.05)
    for pid in children:
        kill_group(pid)


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    tiers: dict[int, dict[int, int]] = {}
    for line in sys.stdin:
        sign, *numbers = line.split()
        tier, pid, stop_signal = map(int, numbers)
        if sign == "+":
            tiers.setdefault(tier, {})[pid] = stop_signal
        else:
            tiers.get(tier, {}).pop(pid, None)
    for tier in sorted(tiers, reverse=True):  # those that use the servers end before the servers
        stop(tiers[tier])


if __name__ == "__main__":
    main()
