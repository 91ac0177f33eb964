"""Who may change anything: owners and marketers. Everybody else of the store may look.

What is held of a customer is shown to the owner alone.
"""

from __future__ import annotations

from sqlmodel import Session

from clique_app.errors import AccessDenied, Refused
from clique_app.tables import Member

MAY_ACT = ("owner", "marketer")


def require_may_act(session: Session, store_id: int, user_id: int) -> None:
    """Only an owner or a marketer of the store may change anything."""
    member = session.get(Member, (store_id, user_id))
    if member is None:
        raise AccessDenied("Open Clique from Shopify admin to make changes.")
    if member.role not in MAY_ACT:
        raise Refused(f"Your role, {member.role}, can look but not change. Ask the store's owner.")


def require_owner(session: Session, store_id: int, user_id: int) -> None:
    """Only the store's owner answers a customer who asks what is held."""
    member = session.get(Member, (store_id, user_id))
    if member is None or member.role != "owner":
        raise Refused("Only the store's owner can open this. Ask the owner.")
