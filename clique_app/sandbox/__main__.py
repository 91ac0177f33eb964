"""python -m clique_app.sandbox: the platforms on one local port."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from datetime import datetime
from pathlib import Path

import uvicorn

from clique_app.sandbox import orders_file, platforms
from clique_app.sandbox.config import Config
from clique_app.sandbox.default_store import create_growing_store
from clique_app.sandbox.server import build
from clique_app.sandbox.world import World

ENVIRONMENT = "environment.json"  # in --data: what the app has to be started with to reach the platforms


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
    """The world as it is now: made from its seed and beginning, then all that was changed since."""
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
    world.replay()
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
    gc.disable()  # making the world leaves no cycles, only many objects to walk over
    try:
        world = make_world(args)
    except orders_file.BadOrdersFile as error:
        print(error, file=sys.stderr)  # noqa: T201  (a command's answer)
        return 2
    gc.freeze()
    gc.enable()
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
        args.data.mkdir(parents=True, exist_ok=True)
        (args.data / ENVIRONMENT).write_text(json.dumps(platforms.environment(config)))
    uvicorn.run(
        build(world, config),
        host="127.0.0.1",
        port=args.port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
