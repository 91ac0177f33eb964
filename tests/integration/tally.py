"""A platform whose tokens end and are renewed, and that says nothing of what it left as it was."""

from __future__ import annotations

import os
from datetime import timedelta

from clique_app import clock
from clique_app.errors import AccessExpired
from clique_app.integrations import registry
from clique_app.integrations.channels import Grant, Platform, Standing
from tests.kit.plain_http import PLAIN_HTTP

ADDRESS = "TALLY_URL"


class Tally:
    """Its token address is in the environment, so that processes of their own find it."""

    key, label = "tally", "Tally"
    needed_scopes: tuple[str, ...] = ("read",)

    def dialog_url(self, *, state: str, redirect_uri: str) -> str:
        raise AssertionError("Nobody logs in here: tokens are only renewed.")

    def exchange(self, *, code: str, redirect_uri: str) -> Grant:
        raise AssertionError("Nobody logs in here: tokens are only renewed.")

    def refresh(self, grant: Grant) -> Grant:
        answer = PLAIN_HTTP.post(os.environ[ADDRESS], json={"refresh_token": grant.refresh_token})
        if answer.status_code != 200:
            raise AccessExpired("Tally ended the access. Reconnect it on the Connections page.")
        return Grant(answer.json()["access_token"], expires_at=clock.now() + timedelta(hours=1))

    def standing(self, token: str) -> Standing:
        raise AccessExpired(f"Tally does not know {token}.")


TALLY: Platform = Tally()


def listed() -> tuple[Platform, ...]:
    """PLATFORMS with it."""
    return (*registry.PLATFORMS, TALLY)
