"""Home inside the admin's frame, in Chromium on a throttled line and processor, measured by the page's own browser."""

from __future__ import annotations

import shutil
import time
from typing import Any

from playwright.sync_api import Browser, Frame, sync_playwright

from tests.bench.figure import Figure, Result, percentile
from tests.bench.place import Place

THROTTLED = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}
CPU_SLOWDOWN = 4
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    # one renderer for admin and frame, so that the throttle set on the page holds for the frame too
    *("--disable-site-isolation-trials", "--disable-features=IsolateOrigins,site-per-process"),
]
OBSERVE = """
(() => {
  const seen = window.__seen = {lcp: 0, cls: 0, fcp: 0, figure: 0, events: [], shifts: []};
  const on = (type, use, more) => new PerformanceObserver(
    list => list.getEntries().forEach(use)).observe({type, buffered: true, ...more});
  on("largest-contentful-paint", e => { seen.lcp = e.startTime; seen.lcpElement = e.element && e.element.className; });
  on("paint", e => { if (e.name === "first-contentful-paint") seen.fcp = e.startTime; });
  on("layout-shift", e => {
    if (e.hadRecentInput) return;
    seen.cls += e.value;
    seen.shifts.push([e.value, e.startTime, (e.sources || []).map(s => s.node?.className || s.node?.nodeName)]);
  });
  on("event", e => { if (e.interactionId) seen.events.push([e.name, e.duration]); }, {durationThreshold: 16});
  const look = () => {
    const value = document.querySelector("[data-figure=net_sales] .c-value");
    if (value && /\\d/.test(value.textContent)) requestAnimationFrame(() => { seen.figure = performance.now(); });
    else requestAnimationFrame(look);
  };
  look();
})();
"""
SCRIPTS_BEFORE_PAINT = """
() => performance.getEntriesByType("resource")
  .filter(e => e.name.startsWith(location.origin) && /\\.js(\\?|$)/.test(e.name) && e.startTime < __seen.fcp)
  .map(e => [new URL(e.name).pathname, e.encodedBodySize])
"""


def _app_frame(page: Any) -> Frame:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for frame in page.frames:
            if frame.name == "app" or (frame.parent_frame and frame.url.startswith("http")):
                return frame
        page.wait_for_timeout(50)
    raise RuntimeError("The admin shows no frame.")


def _use(frame: Frame) -> None:
    """What a merchant does first: opens figures, closes them, looks at the periods."""
    page = frame.page
    for key in ("net_sales", "mer", "orders"):
        frame.locator(f"[data-figure={key}] button.c-opens").click()
        page.wait_for_timeout(1200)
        page.keyboard.press("Escape")
        page.wait_for_timeout(600)


def _one(browser: Browser, place: Place, *, throttled: bool) -> dict[str, Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(OBSERVE)
    page = context.new_page()
    if throttled:
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", THROTTLED)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    page.goto(place.demo.admin_url, timeout=90_000)
    frame = _app_frame(page)
    frame.wait_for_function("window.__seen && window.__seen.figure > 0", timeout=90_000)
    page.wait_for_timeout(2500)  # the chart and late shifts
    seen = frame.evaluate("window.__seen")
    scripts = frame.evaluate(SCRIPTS_BEFORE_PAINT)
    _use(frame)
    seen["events"] = frame.evaluate("window.__seen.events")
    context.close()
    return {**seen, "scripts": scripts, "js_kb": sum(size for _, size in scripts) / 1024}


def run(place: Place) -> Result:
    times = 2 if place.quick else 7
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        _one(browser, place, throttled=False)  # the servers' first page is nobody's usual one
        loads = [_one(browser, place, throttled=True) for _ in range(times)]
        local = [_one(browser, place, throttled=False) for _ in range(times)]
        browser.close()

    def p75(samples: list[dict[str, Any]], name: str) -> float:
        return percentile([one[name] for one in samples], 0.75)

    slowest = [max((ms for _, ms in one["events"]), default=0.0) for one in loads]
    return Result(
        [
            Figure("home_lcp_s", p75(loads, "lcp") / 1000, "s", p75(local, "lcp") / 1000),
            Figure("home_first_figure_s", p75(loads, "figure") / 1000, "s", p75(local, "figure") / 1000),
            Figure("home_inp_ms", percentile(slowest, 0.75), "ms"),
            Figure("home_cls", p75(loads, "cls"), ""),
            Figure("home_js_kb_gz", p75(loads, "js_kb"), "KB"),
        ],
        {"throttled": loads, "not_throttled": local},
        f"Home in the admin frame, 10 Mbit/s, 40 ms, CPU/{CPU_SLOWDOWN}, cold cache, p75 of {times} loads; "
        f"{place.data}",
        "the same loads without throttling, in this run",
    )
