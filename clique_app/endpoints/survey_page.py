"""The survey as plain HTML in the store's look: no script, by keyboard, from 320 pixels on. Pure."""

from __future__ import annotations

from datetime import datetime
from html import escape

from clique_app.advocacy import survey
from clique_app.advocacy.survey_service import Shown

NEUTRAL = "#303030"
STYLE = """
*{box-sizing:border-box}body{margin:0;background:#f6f6f7;color:#1f2124;font:16px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,sans-serif}main{max-width:36rem;margin:0 auto;padding:2rem 1rem 3rem}.store{font-weight:600;padding-bottom:1rem;
border-bottom:4px solid var(--store)}h1{font-size:1.375rem;line-height:1.3;margin:1.5rem 0 .5rem}p{margin:.5rem 0}
fieldset{border:0;margin:1.5rem 0 0;padding:0;min-inline-size:0}legend{font-weight:600;padding:0;margin-bottom:.75rem}
.scale{display:grid;grid-template-columns:repeat(11,minmax(0,1fr));gap:.375rem}.scale label,.choice{display:flex;
align-items:center;background:#fff;border:1px solid #8a8d91;border-radius:.5rem;cursor:pointer;min-height:2.75rem}
.scale label{justify-content:center;position:relative;font-variant-numeric:tabular-nums}.scale input{position:absolute;
inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:pointer}.scale label:has(:checked){background:var(--store);
color:var(--on-store);border-color:var(--store);font-weight:600}.ends{display:flex;justify-content:space-between;
font-size:.875rem;color:#54575b;margin-top:.375rem}.choice{gap:.75rem;padding:.5rem .75rem;margin-top:.5rem}
.choice input{width:1.25rem;height:1.25rem;margin:0;accent-color:var(--store);flex:none}
label:has(:focus-visible),a:focus-visible,button:focus-visible{outline:3px solid #005bd3;outline-offset:2px}
button,.again{display:inline-block;margin-top:1.5rem;min-height:2.75rem;padding:.625rem 1.5rem;border:0;
border-radius:.5rem;background:var(--store);color:var(--on-store);font:inherit;font-weight:600;cursor:pointer}
.again{background:none;color:#004299;padding:.625rem 0}.note{color:#54575b;font-size:.875rem}
.problem{border:1px solid #b3261e;border-left-width:6px;background:#fff;border-radius:.5rem;padding:.75rem 1rem;
margin-top:1rem}@media(max-width:30rem){.scale{grid-template-columns:repeat(6,minmax(0,1fr))}}
@media(forced-colors:active){.scale label:has(:checked){outline:3px solid}}
"""


def form(shown: Shown, *, nps: str, heard: str, problem: str = "", preview: bool = False) -> str:
    """The two questions, with what was chosen so far and what is wrong with it."""
    told = f'<div class="problem" role="alert" id="problem">{escape(problem)}</div>' if problem else ""
    described = ' aria-describedby="problem"' if problem else ""
    scale = "".join(
        f'<label><input type="radio" name="nps" value="{score}" required{_checked(str(score) == nps)}>{score}</label>'
        for score in range(11)
    )
    choices = "".join(
        f'<label class="choice"><input type="radio" name="heard" value="{escape(label)}"{_checked(label == heard)}>'
        f"<span>{escape(label)}</span></label>"
        for label in shown.choices
    )
    note = '<p class="note">This is a preview: nothing that you send is kept.</p>' if preview else ""
    name = escape(shown.store_name)
    return page(
        f"How likely are you to recommend {shown.store_name}?",
        f"""<h1>Two short questions</h1>{note}{told}<form method="post">
<fieldset{described}><legend>How likely are you to recommend {name} to a friend?</legend>
<div class="scale">{scale}</div><div class="ends" aria-hidden="true"><span>0: not at all</span>
<span>10: certainly</span></div></fieldset>
<fieldset><legend>How did you hear of us? <span class="note">(you may skip this)</span></legend>{choices}</fieldset>
<button type="submit">Send</button></form>
<p class="note">Your answer goes to {name} with your order’s number. No name and no e-mail are kept with it.</p>""",
        shown,
    )


def thanks(shown: Shown, now: datetime, *, preview: bool = False) -> str:
    """What was answered, and for ten minutes the way to change it."""
    if preview:
        return page("Thank you", "<h1>Thank you</h1><p>This was a preview. Nothing was kept.</p>", shown)
    heard = f"<p>How you heard of us: <strong>{escape(shown.heard)}</strong></p>" if shown.heard else ""
    again = ""
    if shown.may_change_until:
        minutes = max(1, round((shown.may_change_until - now).total_seconds() / 60))
        words = "1 more minute" if minutes == 1 else f"{minutes} more minutes"
        again = f'<a class="again" href="?change=1">Change my answer</a><p class="note">Possible for {words}.</p>'
    return page(
        "Thank you",
        f'<h1>Thank you</h1><div role="status"><p>You answered <strong>{shown.nps} of 10</strong>.</p>{heard}</div>'
        f"{again}",
        shown,
    )


def problem(title: str, message: str, shown: Shown | None = None) -> str:
    """Why there is nothing to answer."""
    return page(title, f"<h1>{escape(title)}</h1><p>{escape(message)}</p>", shown)


def page(title: str, content: str, shown: Shown | None) -> str:
    """The document around it."""
    colour = shown.colour if shown and survey.COLOUR.fullmatch(shown.colour) else NEUTRAL
    store = f'<div class="store">{escape(shown.store_name)}</div>' if shown else ""
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">
<title>{escape(title)}</title><style>:root{{--store:{colour};--on-store:{survey.text_colour(colour)}}}{STYLE}</style>
</head><body><main>{store}{content}</main></body></html>"""


def _checked(on: bool) -> str:
    return " checked" if on else ""
