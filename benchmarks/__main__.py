"""`python -m benchmarks [NAME ...] [--json FILE]`: run the benchmarks, all or the named, and print one table."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import orjson

from benchmarks.rows import Row, table

# Names as on the command line, with the modules that run them; each is loaded when its turn comes.
BENCHMARKS = {
    "publish-cycle": "publish_cycle",
    "poll-300": "poll",
    "growth": "growth",
    "grid-repaint": "grid_repaint",
    "first-grid": "first_grid",
    "idle": "idle",
    "key-to-frame": "key_to_frame",
    "vendor": "vendor",
    "tape": "tape",
    "time-travel": "time_travel",
    "replay": "replay",
    "feed": "feed",
    "pipeline": "pipeline",
    "compositor": "compositor",
    "heatmap": "heatmap",
    "heatmap-screen": "heatmap_screen",
    "measures": "measures",
    "charts": "chart_draw",
    "charts-screen": "charts_screen",
    "across-screen": "across_screen",
    "pages": "pages",
}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all without one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="store the figures, every sample, in FILE")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name!r}: choose from {', '.join(BENCHMARKS)}")
    began = time.monotonic()
    rows: list[Row] = []
    for name in arguments.names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        run: Callable[[], list[Row]] = import_module(f"benchmarks.{BENCHMARKS[name]}").run
        rows += run()
    machine = describe_machine()
    print(table(rows))
    print(", ".join(f"{key} {value}" for key, value in machine.items()) + f"; took {time.monotonic() - began:.0f} s")
    if arguments.json:
        body = {"machine": machine, "rows": [row.as_json() for row in rows]}
        arguments.json.write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def describe_machine() -> dict[str, str]:
    """Return what the figures depend on: interpreter, cores, load as the run ends, libraries."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        **{name: version(name) for name in ("textual", "redis", "orjson")},
    }


if __name__ == "__main__":
    main()
