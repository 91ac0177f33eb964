"""Bodies that outside apps send, as records: our own shape, and those of Yotpo, Judge.me and Smile brought into it.

Only what is named here is looked at. No message repeats what a body says: it may name a person.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from clique_app import clock
from clique_app.advocacy import records
from clique_app.advocacy.records import Kind, Record, record_id
from clique_app.errors import InvalidInput

MOST_RECORDS = 1000
OWN = "own"
WRITTEN = r"^[^\x00-\x1f]*$"  # PostgreSQL keeps no NUL
Text = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True, pattern=WRITTEN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=WRITTEN)]
Count = Annotated[int, Field(ge=0, le=2_000_000_000)]
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """Whose records they are. keyed: the store's keyed hash of a text, as hex."""

    source: str
    time_zone: str
    today: date
    keyed: Callable[[str], str]

    def hmac(self, email: str) -> str:
        return self.keyed(email) if email else ""


class Told(BaseModel):
    """What all five say. at: when it happened; day: the same where no time is known."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: Name
    at: AwareDatetime | None = None
    day: date | None = None
    withdrawn: bool = False

    def shared(self, kind: str, reading: Reading) -> dict[str, Any]:
        day = self.day
        if self.at and 1990 <= self.at.year <= reading.today.year + 1:
            day = clock.day_of(self.at, reading.time_zone)
        elif self.at:
            day = self.at.date()  # too far off for a time zone
        if day is None:
            raise InvalidInput("at: there is neither a time nor a day")
        if not date(1990, 1, 1) <= day <= reading.today + timedelta(days=1):
            raise InvalidInput("at: this day has not come yet, or is long past")
        number = record_id(reading.keyed, kind, reading.source, self.id)
        return {"record_id": number, "source": reading.source, "day": day, "withdrawn": self.withdrawn}


class ToldReview(Told):
    rating: Annotated[int, Field(ge=1, le=5)]
    product_id: int | None = Field(None, gt=0, lt=2**63)
    email: Text = ""

    def record(self, reading: Reading) -> Record:
        shared = self.shared("reviews", reading)
        person = reading.hmac(self.email)
        return records.Review(**shared, rating=self.rating, product_id=self.product_id, customer_hmac=person)


class ToldUgc(Told):
    network: Text = ""
    email: Text = ""

    def record(self, reading: Reading) -> Record:
        shared = self.shared("ugc", reading)
        return records.Ugc(**shared, network=self.network.lower(), customer_hmac=reading.hmac(self.email))


class ToldReferral(Told):
    visitors: Count = 1
    ordered: Count = 0

    def record(self, reading: Reading) -> Record:
        if self.ordered > self.visitors:
            raise InvalidInput("ordered: more referred visitors ordered than came")
        return records.Referral(**self.shared("referrals", reading), visitors=self.visitors, ordered=self.ordered)


class ToldMember(Told):
    email: Text = ""

    def record(self, reading: Reading) -> Record:
        return records.Member(**self.shared("loyalty", reading), customer_hmac=reading.hmac(self.email))


class ToldSocial(Told):
    network: Name
    account: Text = ""
    impressions: Count
    engagements: Count

    def record(self, reading: Reading) -> Record:
        return records.SocialDay(
            **self.shared("social", reading),
            network=self.network.lower(),
            account=self.account,
            impressions=self.impressions,
            engagements=self.engagements,
        )


AnyTold = ToldReview | ToldUgc | ToldReferral | ToldMember | ToldSocial
SHAPES: dict[str, type[AnyTold]] = {
    "reviews": ToldReview,
    "ugc": ToldUgc,
    "referrals": ToldReferral,
    "loyalty": ToldMember,
    "social": ToldSocial,
}


def _yotpo_review(one: Json) -> Json:
    return {
        "id": one.get("id"),
        "at": one.get("created_at"),
        "rating": one.get("score"),
        "product_id": _shopify_id(one.get("sku")),
        "email": one.get("email") or "",
        "withdrawn": bool(one.get("deleted") or one.get("archived")),
    }


def _judge_me_review(one: Json) -> Json:
    return {
        "id": one.get("id"),
        "at": one.get("created_at"),
        "rating": one.get("rating"),
        "product_id": _shopify_id(one.get("product_external_id")),
        "email": _part(one, "reviewer").get("email") or "",
        "withdrawn": bool(one.get("hidden")) or one.get("curated") == "spam",
    }


def _judge_me_content(one: Json) -> Json:
    """Pictures and videos come with a review: one piece of content, none where it has none."""
    shown = one.get("has_published_pictures") or one.get("has_published_videos") or one.get("pictures")
    review = _judge_me_review(one)
    return {**review, "network": "reviews", "withdrawn": review["withdrawn"] or not shown}


def _smile_member(one: Json) -> Json:
    return {
        "id": one.get("id"),
        "at": one.get("created_at"),
        "email": one.get("email") or "",
        "withdrawn": one.get("state") != "member",  # a candidate has not joined yet, a disabled one is out
    }


# (who sends, which kind) -> the names its records stand under, and how one becomes ours
MAPPERS: dict[tuple[str, str], tuple[tuple[str, ...], Callable[[Json], Json]]] = {
    ("yotpo", "reviews"): (("reviews", "review", "data"), _yotpo_review),
    ("judge.me", "reviews"): (("reviews", "review"), _judge_me_review),
    ("judge.me", "ugc"): (("reviews", "review"), _judge_me_content),
    ("smile", "loyalty"): (("customers", "customer", "data"), _smile_member),
}


def read(kind: Kind, body: bytes, reading: Reading) -> list[Record]:
    """All records of a body, or InvalidInput naming the first that cannot be used and why."""
    names, mapper = MAPPERS.get((reading.source, kind.key), (("records",), dict))
    told = _listed(body, names)
    found: list[Record] = []
    for number, one in enumerate(told, 1):
        try:
            if not isinstance(one, dict):
                raise InvalidInput("it is not an object")
            found.append(SHAPES[kind.key].model_validate(mapper(one)).record(reading))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise InvalidInput(f"Record {number}, {where}: {first['msg']}. Nothing was kept.") from None
        except InvalidInput as error:
            raise InvalidInput(f"Record {number}, {error.message}. Nothing was kept.") from None
    return found


def _listed(body: bytes, names: tuple[str, ...]) -> list[Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("The body is not JSON.") from None
    if isinstance(payload, dict):
        inner = next((payload[name] for name in names if isinstance(payload.get(name), dict | list)), payload)
    else:
        inner = payload
    told = inner if isinstance(inner, list) else [inner]
    if not told:
        raise InvalidInput(f"The body holds no records. They stand under {names[0]!r}.")
    if len(told) > MOST_RECORDS:
        raise InvalidInput(f"The body holds {len(told):,} records; send at most {MOST_RECORDS:,} at once.")
    return told


def _part(one: Json, name: str) -> Json:
    part = one.get(name)
    return part if isinstance(part, dict) else {}


def _shopify_id(value: Any) -> int | None:
    """Yotpo and Judge.me name a product by Shopify's id; anything else is none of the store's products."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and int(text[:19]) > 0 and len(text) < 19 else None
