"""A client for what listens on the loopback: past any proxy, without memory of cookies.

One for all: each new client reads all the authorities that the system trusts, which takes longer than most calls.
"""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy

import httpx

PLAIN_HTTP = httpx.Client(timeout=60, trust_env=False)
PLAIN_HTTP.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
