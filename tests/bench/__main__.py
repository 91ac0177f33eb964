"""python -m tests.bench [--quick] [name ...]: measures, writes .clique/bench/summary.json, prints the table."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

from tests.bench import report
from tests.bench.place import output_folder, prepared
from tests.bench.registry import BENCHMARKS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(one.name for one in BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    asked = parser.parse_args()
    unknown = set(asked.names) - {one.name for one in BENCHMARKS}
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Told to end."))  # what was started ends with us
    folder = output_folder()
    with prepared(asked.quick) as place:
        for benchmark in BENCHMARKS:
            if asked.names and benchmark.name not in asked.names:
                continue
            before, begun = os.getloadavg(), time.monotonic()
            print(f"\n{benchmark.name} (load {before[0]:.1f})", flush=True)
            result = benchmark.run(place)
            missing = set(benchmark.keys) - {figure.key for figure in result.figures}
            assert asked.quick or not missing, missing  # a quick run leaves the largest sizes out
            load = {
                "load_before": before,
                "load_after": os.getloadavg(),
                "seconds": time.monotonic() - begun,
                "quick": asked.quick,
            }
            report.write(folder, benchmark.name, result, load)
            print(report.table(result), flush=True)
    print(f"\nsummary: {folder / 'summary.json'}")


if __name__ == "__main__":
    main()
