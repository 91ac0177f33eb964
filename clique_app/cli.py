"""`clique`: the commands. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from clique_app.errors import CliqueError

P = ParamSpec("P")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
demo_app = typer.Typer(invoke_without_command=True, help="Run the whole of Clique on this machine.")
metrics_app = typer.Typer(no_args_is_help=True, help="Figures and what they are made of.")
app.add_typer(demo_app, name="demo")
app.add_typer(metrics_app, name="metrics")

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


@app.command()
@shows_errors
def setup() -> None:
    """Fetch the published schema and build the pages, so that the next start is quick."""
    from clique_app.demo import frontend, vendor

    vendor.fetch_missing()
    frontend.build(frontend.source_key())


def main() -> None:
    """Entry point of the `clique` command."""
    app()


if __name__ == "__main__":
    main()
