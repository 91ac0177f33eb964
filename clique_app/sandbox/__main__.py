"""python -m clique_app.sandbox: the platforms on one local port."""

from __future__ import annotations

import argparse
import gc
import json
import socket
import sys
import time
from datetime import datetime
from pathlib import Path

import uvicorn

from clique_app.sandbox import kept_world, orders_file, platforms
from clique_app.sandbox.config import Config
from clique_app.sandbox.default_store import create_growing_store
from clique_app.sandbox.server import build
from clique_app.sandbox.world import World

ENVIRONMENT = "environment.json"  # in --data: what the app has to be started with to reach the platforms
IDLE_SECONDS = 75  # how long an idle connection is kept, as large services do: a client lets go of it first
KEPT_FROM_SECONDS = 1.0  # what is made faster than a kept world is read is made again


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m clique_app.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, default=None, help="keeps what was changed, and what the app must know")
    parser.add_argument("--app-url", required=True)
    parser.add_argument("--api-key", required=True)
    parser.add_argument("--api-secret", required=True)
    parser.add_argument("--months", type=int, default=13)
    parser.add_argument("--orders-per-day", type=float, default=120)
    parser.add_argument("--orders", type=Path, default=None, help="CSV of a real order history")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", choices=("on", "off"), default="on")
    parser.add_argument("--no-default-store", action="store_true")
    return parser.parse_args()


def make_world(args: argparse.Namespace) -> World:
    """The world as it is now: made from its seed and beginning, or as it was kept, then all that was changed since."""
    kept = args.data / "world.pickle" if args.data else None
    maker = kept_world.made_by(args.orders)
    world = kept_world.read(kept, maker) if kept else None
    started = time.monotonic()
    if world is None:
        world = _begin_world(args)
    world.replay()
    if kept and time.monotonic() - started > KEPT_FROM_SECONDS:
        kept_world.keep(world, kept, maker)
    return world


def _begin_world(args: argparse.Namespace) -> World:
    began = World(args.seed, args.data).now()
    settings = {"seed": args.seed, "months": args.months, "orders_per_day": args.orders_per_day}
    if args.data:
        began, settings = _remember(args.data, began, settings)
    world = World(int(settings["seed"]), args.data)
    if args.orders:
        orders_file.create_store(world, args.orders)
    elif not args.no_default_store:
        create_growing_store(
            world,
            began,
            seed=int(settings["seed"]),
            months=int(settings["months"]),
            orders_per_day=settings["orders_per_day"],
        )
    return world


def _remember(data: Path, began: datetime, settings: dict[str, float]) -> tuple[datetime, dict[str, float]]:
    """When this world began and from what; the first start decides."""
    path = data / "world.json"
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"began": began.isoformat(), **settings}))
        return began, settings
    kept = json.loads(path.read_text())
    return datetime.fromisoformat(kept.pop("began")), kept


def main() -> int:
    args = arguments()
    config = Config(
        base_url=f"http://127.0.0.1:{args.port}",
        app_url=args.app_url.rstrip("/"),
        api_key=args.api_key,
        api_secret=args.api_secret,
        apps=platforms.register(args.data),
        data_dir=args.data,
        control=args.control == "on",
    )
    if args.data:
        _tell(args.data / ENVIRONMENT, platforms.environment(config))
    # who calls while the world is made is kept waiting, not sent away
    with socket.create_server(("127.0.0.1", args.port)) as listening:
        gc.disable()  # making the world leaves no cycles, only many objects to walk over
        try:
            world = make_world(args)
        except orders_file.BadOrdersFile as error:
            print(error, file=sys.stderr)  # noqa: T201  (a command's answer)
            return 2
        gc.freeze()
        gc.enable()
        server = uvicorn.Server(
            uvicorn.Config(
                build(world, config),
                access_log=False,
                log_level="warning",
                timeout_graceful_shutdown=3,
                timeout_keep_alive=IDLE_SECONDS,
            )
        )
        server.run(sockets=[listening])
    return 0


def _tell(path: Path, environment: dict[str, str]) -> None:
    """Writes it whole: the app waits for this file and starts when it is there."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(environment))
    partial.replace(path)


if __name__ == "__main__":
    sys.exit(main())
