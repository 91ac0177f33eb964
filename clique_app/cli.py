"""`clique`: the commands. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ParamSpec, cast

import typer

from clique_app.errors import CliqueError, InvalidInput
from clique_app.lab.commands import lab_app

P = ParamSpec("P")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
demo_app = typer.Typer(invoke_without_command=True, help="Run the whole of Clique on this machine.")
webhooks_app = typer.Typer(no_args_is_help=True, help="Shopify's deliveries: what waits, what was given up.")
metrics_app = typer.Typer(no_args_is_help=True, help="Figures and what they are made of.")
warehouse_app = typer.Typer(no_args_is_help=True, help="The functions and views that analysts read by SQL.")
keys_app = typer.Typer(no_args_is_help=True, help="The keys that stored tokens are encrypted with.")
app.add_typer(demo_app, name="demo")
app.add_typer(lab_app, name="lab")
app.add_typer(metrics_app, name="metrics")
app.add_typer(webhooks_app, name="webhooks")
app.add_typer(warehouse_app, name="warehouse")
app.add_typer(keys_app, name="keys")

Store = Annotated[str, typer.Option("--store", help="The store's domain, such as harbor-lane.myshopify.com.")]


def shows_errors(command: Callable[P, None]) -> Callable[P, None]:
    """An error written for people is printed as that and ends with 1."""

    @functools.wraps(command)
    def shown(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except CliqueError as error:
            typer.echo(f"clique: {error.message}", err=True)
            raise typer.Exit(1) from error

    return shown


@demo_app.callback()
@shows_errors
def demo(
    context: typer.Context,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it is up; it runs on.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Throw the demo's data away first.")] = False,
    orders: Annotated[
        Path | None, typer.Option(help="CSV of real orders; becomes a store of its own.", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the app.", show_default="8080 if free")
    ] = None,
    control: Annotated[str, typer.Option(help="on or off: the sandbox's control API.")] = "on",
) -> None:
    """Run servers, platform sandbox, app, worker and scheduler until Ctrl-C."""
    if context.invoked_subcommand:
        return
    if control not in ("on", "off"):
        raise CliqueError(f"--control is on or off, not {control}.")
    from clique_app.demo import run

    options = run.Options(reset=reset, orders=orders, port=port, control=control == "on")
    if detach:
        run.run_detached(options)
    else:
        run.run(options)


@demo_app.command("stop")
@shows_errors
def demo_stop() -> None:
    """End the running demo; its data stays."""
    from clique_app.demo import run

    run.stop()
    typer.echo("The demo has ended.")


@app.command()
@shows_errors
def status() -> None:
    """What runs here, since when, and where to open it."""
    from clique_app.demo import status as demo_status

    demo_status.show()


@app.command()
@shows_errors
def doctor() -> None:
    """Check this machine and the running servers; say what to do about what is wrong."""
    from clique_app.demo import doctor as checks

    if not checks.show():
        raise typer.Exit(1)


@metrics_app.command("show")
@shows_errors
def metrics_show(
    key: Annotated[str, typer.Argument(help="The metric's key, such as net_sales or mer.")],
    store: Store,
    start: Annotated[str, typer.Option("--from", help="First store day, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option("--to", help="Last store day, YYYY-MM-DD.")],
    by: Annotated[
        str,
        typer.Option(
            help="Split it: day, channel, product ...",
            show_default=False,
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """A figure over a period, and its inputs."""
    from clique_app.database import store_session, system_session
    from clique_app.demo import record
    from clique_app.metrics import answer, grouping_service, periods, registry, service
    from clique_app.metrics.definition import NAMES, Dimension, Figure

    period = periods.between(start, end)
    if by not in ("", *NAMES):
        raise InvalidInput(f"--by is {', '.join(NAMES)}, not {by}.")
    record.adopt_running_demo()
    with system_session() as session:
        store_id = service.store_id_of(session, store)
    with store_session(store_id) as session:
        currency = service.store(session, store_id).currency
        told = answer.of(service.figure(session, store_id, key, period), currency)
        item = registry.metric(key)
        if item.target:
            aimed_at = answer.number(
                Figure(key, item.name, item.unit, service.aimed_at(session, store_id, item, period)), currency
            )
            told["target"] = {"side": item.target.side, "than": item.target.than, "value": aimed_at}
        told["left_out"] = {leaf.key: count for leaf, count in service.left_out(session, store_id, item, period)}
        told["notes"] = [
            *service.converted(session, store_id, item, period),
            *service.immature(session, store_id, item, period),
        ]
        if by:
            dimension = cast(Dimension, by)
            split = grouping_service.grouped(session, store_id, [key], period, dimension)
            told["rows"] = [
                {by: row.member, "name": row.name, **answer.of(row.figures[key], currency)} for row in split.rows
            ]
            told["notes"] += [f"By {NAMES[dimension]}: {split.reason}"] if split.reason else []
    told |= {"store": store, "from": start, "to": end, "currency": currency}
    typer.echo(json.dumps(told, indent=2) if as_json else answer.text(told))


@metrics_app.command("list")
@shows_errors
def metrics_list(
    category: Annotated[
        str, typer.Option(help="One of them, such as Retention; all if left out.", show_default=False)
    ] = "",
) -> None:
    """Every metric by category: key, unit, meaning."""
    from clique_app.metrics import registry

    themes = {title.casefold(): (title, items) for title, items in registry.THEMES}
    if category and category.casefold() not in themes:
        raise InvalidInput(f"There is no category {category!r}. There are: {', '.join(t for t, _ in themes.values())}.")
    for title, items in [themes[category.casefold()]] if category else themes.values():
        typer.echo(f"\n{title}")
        for item in items:
            typer.echo(f"{item.key:26} {item.unit:8} {item.meaning}")


@metrics_app.command("populate")
@shows_errors
def metrics_populate() -> None:
    """Make what analysts read, sum what has changed in every store, and refresh every view; waits for the end."""
    from clique_app.demo import record
    from tasks.rollups import roll_up_now
    from tasks.stores import installed_stores

    record.adopt_running_demo()
    _make_warehouse()
    for store in installed_stores():
        typer.echo(f"{store.shop_domain}: {roll_up_now(store.store_id):,} days of sums made")
    _refresh_warehouse()


@webhooks_app.command("list")
@shows_errors
def webhooks_list(
    store: Annotated[str, typer.Option("--store", help="One store; all if left out.", show_default=False)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How many deliveries wait and since when, and those given up."""
    from clique_app.demo import deliveries

    deliveries.show(store or None, as_json=as_json)


@webhooks_app.command("replay")
@shows_errors
def webhooks_replay(
    number: Annotated[int | None, typer.Option("--id", help="One that `list` shows.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that were given up.")] = False,
    store: Annotated[str, typer.Option("--store", help="Of one store only.", show_default=False)] = "",
) -> None:
    """Let given up deliveries wait again, as if they had just come."""
    if (number is None) != everything:
        raise InvalidInput("Say which: --id NUMBER or --all.")
    from clique_app.demo import deliveries

    deliveries.replay(store or None, number)


@app.command("sql")
@shows_errors
def analyst_login(
    store: Store,
    new_password: Annotated[bool, typer.Option("--new-password", help="Give the login another password.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the login away.")] = False,
) -> None:
    """How an analyst of a store connects by SQL; makes the login when there is none. The password is shown once."""
    from clique_app.database import owner_session, system_session
    from clique_app.demo import record
    from clique_app.metrics import service
    from clique_app.warehouse import logins_service
    from tasks.warehouse import take_login_away

    record.adopt_running_demo()
    with system_session() as session:
        store_id = service.store_id_of(session, store)
    if revoke:
        take_login_away(store_id)
        typer.echo(f"The login of {store} is gone, and its connections with it.")
        return
    with owner_session() as session:
        if logins_service.exists(session, store_id) and not new_password:
            typer.echo(f"  {logins_service.line(session, store_id)}\n\n--new-password gives it another password.")
            return
        login = logins_service.give(session, store_id)
    typer.echo(f"  {login.psql}\n  {login.url}\n\nThe password is shown this once. docs/sql.md says what there is.")


@warehouse_app.command("make")
@shows_errors
def warehouse_make(
    anew: Annotated[bool, typer.Option("--anew", help="Also where it is as it should be.")] = False,
) -> None:
    """Make functions, views and roles from the catalogue, unless they are as it says; then fill the views."""
    from clique_app.demo import record

    record.adopt_running_demo()
    if _make_warehouse(anew=anew):
        _refresh_warehouse()


def _make_warehouse(*, anew: bool = False) -> bool:
    from clique_app.database import owner_session
    from clique_app.warehouse import service

    with owner_session() as session:
        made = service.make(session, anew=anew)
    typer.echo("Made." if made else "It is as the catalogue says.")
    return made


@warehouse_app.command("refresh")
@shows_errors
def warehouse_refresh() -> None:
    """Refresh every materialized view now, in the order in which they rest on each other."""
    from clique_app.demo import record

    record.adopt_running_demo()
    _refresh_warehouse()


def _refresh_warehouse() -> None:
    from tasks.warehouse import refresh_each

    for view, seconds in refresh_each():
        typer.echo(f"{view:20} {seconds:8.2f} s")


@warehouse_app.command("check")
@shows_errors
def warehouse_check() -> None:
    """Hold what stands in the database against the catalogue, and say how old each view is."""
    from clique_app import clock
    from clique_app.database import owner_session
    from clique_app.demo import record
    from clique_app.warehouse import service

    record.adopt_running_demo()
    with owner_session() as session:
        drift = service.drift(session)
        ages = service.ages(session) if not drift else []
        open_to_all = service.open_to_all(session)
    for age in ages:
        told = f"{(clock.now() - age.refreshed_at).total_seconds() / 60:,.0f} min old" if age.refreshed_at else "empty"
        typer.echo(f"{age.view:20} {told}")
    if open_to_all:
        typer.echo(
            "clique: Whoever owns this database is no superuser, so that every login may call what analysts are not to "
            f"(docs/sql.md says what follows): {', '.join(open_to_all)}.",
            err=True,
        )
    for problem in drift:
        typer.echo(f"clique: {problem}", err=True)
    if drift:
        typer.echo("clique: `clique warehouse make --anew` makes it again.", err=True)
        raise typer.Exit(1)


@keys_app.command("rotate")
@shows_errors
def keys_rotate() -> None:
    """Encrypt every stored token with the first of ENCRYPTION_KEYS, so that the others may be taken out."""
    from clique_app.connections import key_rotation
    from clique_app.demo import record

    record.adopt_running_demo()
    done = key_rotation.rotate_all()
    typer.echo(f"{done.tokens:,} tokens of {done.stores:,} stores are encrypted with {done.key} now.")
    for lost in done.lost:
        typer.echo(f"clique: {lost}", err=True)
    if done.lost:
        raise typer.Exit(1)
    if done.unused:
        typer.echo(f"Nothing needs {', '.join(done.unused)} any more. Backups made before do: keep it with them.")


@app.command()
@shows_errors
def setup() -> None:
    """Fetch the published schema and build the pages, so that the next start is quick."""
    from clique_app.demo import frontend, vendor

    vendor.fetch_missing()
    frontend.build(frontend.source_key())


@app.command()
@shows_errors
def sync(
    store: Store,
    source: Annotated[str | None, typer.Option(help="One source; all that are connected if left out.")] = None,
) -> None:
    """Read the store's sources now and follow it to the end."""
    from clique_app.demo import record

    record.adopt_running_demo()
    _sync(store, source)


@app.command("import")
@shows_errors
def import_file(
    file: Annotated[
        Path, typer.Argument(help="A CSV: Shopify's orders, products or customers export, or a spend sheet.")
    ],
    store: Store,
    kind: Annotated[
        str, typer.Option(help="orders, products, customers or spend.", show_default="what its header tells")
    ] = "",
    only_preview: Annotated[bool, typer.Option("--preview", help="Say what it would do and do nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Import a file whole, or say line by line what is wrong with it."""
    from clique_app.demo import record

    record.adopt_running_demo()
    if not _import(file, store, kind, only_preview=only_preview, as_json=as_json):
        raise typer.Exit(1)


def _import(file: Path, shop_domain: str, kind: str, *, only_preview: bool, as_json: bool) -> bool:
    """Whether the file was, or could be, imported."""
    from clique_app.database import store_session, system_session
    from clique_app.imports import service, told
    from clique_app.imports.records import KINDS
    from clique_app.metrics import service as metrics
    from tasks.imports import import_now

    if kind not in ("", *KINDS):
        raise InvalidInput(f"--kind is {', '.join(KINDS)}, not {kind}.")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"Cannot read {file}: {error.strerror}.") from error
    with system_session() as session:
        store_id = metrics.store_id_of(session, shop_domain)
    with store_session(store_id) as session:
        file_id = service.receive(session, store_id, service.OPERATOR, file.name, content, cast(Any, kind or None))
        shown = service.preview(session, store_id, service.OPERATOR)
        if only_preview or not (shown and shown.can_import):
            service.discard(session, store_id, file_id, service.OPERATOR)
        else:
            service.begin(session, store_id, file_id, service.OPERATOR)
    assert shown is not None
    done = import_now(store_id, file_id).counts if shown.can_import and not only_preview else None
    typer.echo(json.dumps(told.as_json(shown, done), indent=2) if as_json else told.as_text(shown, done))
    return not shown.problem_count


def _sync(shop_domain: str, source: str | None) -> None:
    from clique_app import clock
    from clique_app.database import system_session
    from clique_app.metrics import service
    from tasks.sync import progress, start_sync

    with system_session() as session:
        store_id = service.store_id_of(session, shop_domain)
    asked_at = clock.now()
    asked = start_sync(store_id, source, "manual")
    shown: set[tuple[str, str]] = set()
    while True:
        runs = progress(store_id, asked, asked_at)
        for run in runs:
            if (run.source, f"{run.state} {run.stage}") not in shown:
                shown.add((run.source, f"{run.state} {run.stage}"))
                typer.echo(f"{run.label}: {run.state} {run.stage}, {run.written:,} rows {run.message}".rstrip())
        if all(run.state not in ("waiting", "running") for run in runs):
            break
        time.sleep(0.5)
    if any(run.state != "whole" for run in runs):
        raise typer.Exit(1)


@app.command()
@shows_errors
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    store: Annotated[str, typer.Option(help="One store, without its tokens; everything if left out.")] = "",
) -> None:
    """Write everything, or one store, to a file."""
    from clique_app.demo import record
    from clique_app.keeping import backup as backups

    record.adopt_running_demo()
    made = backups.back_up(file, store)
    typer.echo(f"{made.rows:,} rows of {', '.join(made.stores) or 'no store'} in {file}.")
    if made.whole:
        typer.echo("Tokens are in it, encrypted: keep ENCRYPTION_KEYS and SESSION_SECRET, elsewhere than the file.")
    else:
        typer.echo("Its tokens are not in it: after a restore, channels are reconnected.")


@app.command()
@shows_errors
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `clique backup` wrote.")],
    store: Annotated[str, typer.Option(help="One store of it; everything if left out.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Lose the data that is here for the backup's.")] = False,
) -> None:
    """Bring back what a backup holds, all or nothing."""
    from clique_app.demo import record
    from clique_app.keeping import backup as backups

    record.adopt_running_demo()
    found = backups.restore(file, store, replace=replace)
    typer.echo(f"{found.rows:,} rows of {', '.join(found.stores)} are back as they were at {found.made_at}.")
    if found.redacted:
        typer.echo(f"{found.redacted:,} redactions since then were carried out again.")
    typer.echo("The analysts' views follow:")
    _refresh_warehouse()


def main() -> None:
    """Entry point of the `clique` command."""
    app()


if __name__ == "__main__":
    main()
