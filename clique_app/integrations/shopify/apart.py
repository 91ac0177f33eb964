"""A long bulk file read and mapped in a process of its own, on one core, while the database writes on another.

The process writes parts into a pipe and waits while it is full, so few are held; without a reader it ends, however
the reader ended. `python -m clique_app.integrations.shopify.apart FD` is that process: its task comes by stdin.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from clique_app.errors import Unavailable
from clique_app.integrations.shopify import families
from clique_app.integrations.shopify.documents import Listing
from clique_app.integrations.shopify.families import File, Taken

WORTH_A_PROCESS = 16_000_000  # bytes still to read: some seconds of mapping
END = None


def parts(file: File, listing: Listing, take: Taken, *, at: int) -> Iterator[tuple[list[Any], int]]:
    """families.parts, in a process of its own where the file is long."""
    if os.fstat(file.lines.fileno()).st_size - at < WORTH_A_PROCESS:
        yield from families.parts(file, listing.connection_of, take, at=at)
        return
    command = (sys.executable, "-m", __name__, str(file.lines.fileno()))
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(file.lines.fileno(),),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            with process.stdin as task:
                pickle.dump((file.missing, listing, take, at), task)
            while (found := pickle.load(process.stdout)) is not END:  # noqa: S301  # our own process
                if isinstance(found, Exception):
                    raise found
                yield found
        except (EOFError, pickle.UnpicklingError, BrokenPipeError) as error:
            raise Unavailable("The reading of Shopify's export was interrupted.") from error
        finally:
            process.kill()


def main(descriptor: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ends with its reader
    missing, listing, take, at = pickle.load(sys.stdin.buffer)  # noqa: S301  # from the process that started this one
    out = sys.stdout.buffer
    try:
        with os.fdopen(descriptor, "rb") as lines:
            for part in families.parts(File(lines, missing), listing.connection_of, take, at=at):
                pickle.dump(part, out, pickle.HIGHEST_PROTOCOL)
                out.flush()
            last: Exception | None = END
    except BrokenPipeError:
        os._exit(1)  # nobody reads
    except Exception as error:
        last = error
    pickle.dump(last, out)
    out.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
