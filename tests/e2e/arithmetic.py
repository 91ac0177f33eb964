"""Every metric of a running demo's store by the tests' own arithmetic: python -m tests.e2e.arithmetic SHOP FROM TO."""

from __future__ import annotations

import json
import sys
from datetime import date

from clique_app.database import store_session, system_session
from clique_app.demo import record
from clique_app.metrics import service
from tests.integration.metric_arithmetic import World, worked_out


def main(shop: str, start: str, end: str) -> None:
    record.adopt_running_demo()
    with system_session() as session:
        store_id = service.store_id_of(session, shop)
    with store_session(store_id) as session:
        found = worked_out(World(session, date.fromisoformat(start), date.fromisoformat(end)))
    print(json.dumps({key: None if value is None else float(value) for key, value in found.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
