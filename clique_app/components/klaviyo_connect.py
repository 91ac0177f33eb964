"""Connecting Klaviyo with a private key, for merchants who do not want to use the login."""

from __future__ import annotations

import asyncio
from typing import Any

import reflex as rx

from clique_app.components.session import PageState
from clique_app.connections import klaviyo_service
from clique_app.errors import CliqueError
from tasks import connections as edge


class KlaviyoConnect(PageState):
    """The form. The key itself is never part of the state, which would send it back to the browser."""

    key_problem: str = ""
    key_busy: bool = False

    @rx.event
    async def use_key(self, form: dict[str, Any]) -> Any:
        """Try the key; if it opens what Clique reads, keep it and begin to read. Open pages hear of it."""
        self.key_busy, self.key_problem = True, ""
        yield
        try:
            await self.in_session(klaviyo_service.connect_with_key, str(form.get("key", "")), self.user_id)
            await asyncio.to_thread(edge.begin_import, self.store_id, "klaviyo")
        except CliqueError as error:
            self.key_problem = error.message
        finally:
            self.key_busy = False


def klaviyo_key_form() -> rx.Component:
    """A field for the key and its button. Put it beside Klaviyo's Connect, while it is not connected."""
    field = rx.el.input(
        id="klaviyo-key",
        name="key",
        type="password",
        auto_complete="off",
        placeholder="pk_…",
        required=True,
        class_name="c-plain-input",
        custom_attrs={"aria-describedby": "klaviyo-key-help"},
    )
    button = rx.el.button("Use this key", type="submit", class_name="c-plain-button", disabled=KlaviyoConnect.key_busy)
    return rx.el.form(
        rx.el.label("Private key", html_for="klaviyo-key", class_name="c-small"),
        rx.el.div(field, button, class_name="c-actions"),
        rx.el.p(
            "In Klaviyo: Settings, API keys, Create private key, with read access to accounts, campaigns, flows, "
            "metrics and profiles.",
            id="klaviyo-key-help",
            class_name="c-small c-second",
        ),
        rx.cond(
            KlaviyoConnect.key_problem != "",
            rx.el.p(KlaviyoConnect.key_problem, class_name="c-inline-problem", role="alert"),
        ),
        on_submit=KlaviyoConnect.use_key,
        class_name="c-stack",
    )
