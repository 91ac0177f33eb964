// A chart that loads plotly after the page has painted and only when it comes into view.
import { useEffect, useRef, useState, createElement } from "react";

const FONT = { family: "Inter, sans-serif", size: 11, color: "#616161" };
const ROLES = {
  sales: { color: "#0070a8", width: 2, dash: "solid" },
  profit: { color: "#047b5d", width: 2, dash: "solid" },
  spend: { color: "#616161", width: 1.75, dash: "5px,3px" },
};
let plotly;
const load = () => (plotly ??= import("plotly.js-basic-dist-min").then((module) => module.default ?? module));
const idle = (run) => (window.requestIdleCallback ? window.requestIdleCallback(run, { timeout: 1500 }) : setTimeout(run, 200));

function traces({ x, series, band, prefix, suffix, format }) {
  const list = [];
  if (band) {
    const base = { x, mode: "lines", line: { width: 0 }, hoverinfo: "skip", showlegend: false };
    list.push({ ...base, y: band.low }, { ...base, y: band.high, fill: "tonexty", fillcolor: "#e4f1f9" });
  }
  for (const one of series) {
    const look = ROLES[one.role] ?? ROLES.sales;
    const hover = `${one.name} <b>${prefix}%{y:${format ?? ",.0f"}}${suffix}</b><extra></extra>`;
    if (one.bars) list.push({ type: "bar", x, y: one.y, name: one.name, marker: { color: one.role === "sales" ? "#cfe6f4" : look.color, cornerradius: 2 }, hovertemplate: hover });
    else list.push({ type: "scatter", mode: "lines", x, y: one.y, name: one.name, line: look, hovertemplate: hover, connectgaps: false });
  }
  return list;
}

function layout({ x, series, events, highlight, prefix, suffix, ticks }, narrow) {
  // a lone line is named by its title
  const ends = narrow || series.length < 2 ? [] : series.filter((one) => !one.bars && one.y.length).map((one) => ({ one, y: one.y[one.y.length - 1] })).filter((end) => end.y != null).sort((a, b) => b.y - a.y);
  const annotations = ends.map(({ one, y }, index) => ({
    x: 1, xref: "paper", xanchor: "left", xshift: 6, y, yshift: index && ends[index - 1].y - y < 0.08 * Math.abs(ends[0].y || 1) ? -14 : 0,
    text: `<b>${one.name}</b>`, showarrow: false, align: "left", font: { ...FONT, color: (ROLES[one.role] ?? ROLES.sales).color } }));
  const shapes = (events ?? []).map((event) => ({ type: "line", x0: event.x, x1: event.x, yref: "paper", y0: 0, y1: 1, line: { color: "#8a8a8a", width: 1, dash: "dot" } }));
  (events ?? []).forEach((event, index) => annotations.push({ x: event.x, yref: "paper", y: 1, yanchor: "bottom", text: String(index + 1), showarrow: false, font: { ...FONT, color: "#303030" }, bordercolor: "#303030", borderwidth: 1, borderpad: 3, bgcolor: "#fff" }));
  if (highlight?.length) shapes.push({ type: "rect", x0: highlight[0], x1: highlight[1], yref: "paper", y0: 0, y1: 1, fillcolor: "#f1f1f1", line: { width: 0 }, layer: "below" });
  return {
    margin: { l: 48, r: ends.length ? 92 : 8, t: events?.length ? 28 : 10, b: 26 }, font: FONT, hovermode: "x unified", showlegend: false, bargap: 0.35, barmode: "overlay",
    hoverlabel: { bgcolor: "#fff", bordercolor: "#e3e3e3", font: { ...FONT, size: 12, color: "#303030" } },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", annotations, shapes,
    xaxis: { type: /^\d{4}-\d\d-\d\d$/.test(x[0] ?? "") ? "date" : "category", showgrid: false, tickformat: "%-d %b", hoverformat: "%a %-d %b", nticks: narrow ? 4 : 7, fixedrange: true, tickcolor: "#e3e3e3" },
    yaxis: { gridcolor: "#ebebeb", zerolinecolor: "#cccccc", tickprefix: prefix, ticksuffix: suffix, tickformat: ticks ?? "~s", fixedrange: true, rangemode: "tozero", nticks: 6 },
  };
}

export default function LazyPlot({ data, label }) {
  const box = useRef(null);
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const node = box.current;
    if (!node) return undefined;
    let alive = true;
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) { seen.disconnect(); idle(() => load().then(() => alive && setReady(true))); }
    }, { rootMargin: "200px" });
    seen.observe(node);
    return () => { alive = false; seen.disconnect(); };
  }, []);
  useEffect(() => {
    const node = box.current;
    if (!ready || !node || !data?.x?.length) return undefined;
    let alive = true;
    const full = { prefix: "", suffix: "", ...data };
    const draw = () => load().then((Plotly) => alive && Plotly.react(node, traces(full), { ...layout(full, node.clientWidth < 500), width: node.clientWidth, height: node.clientHeight }, { displayModeBar: false, responsive: false }));
    draw();
    const sized = new ResizeObserver(draw);
    sized.observe(node);
    return () => { alive = false; sized.disconnect(); };
  }, [ready, data]);
  useEffect(() => {
    const node = box.current;
    return () => { plotly?.then((Plotly) => node && Plotly.purge(node)); };
  }, []);
  return createElement("div", { ref: box, className: "c-chart", role: "img", "aria-label": label, "data-ready": String(ready) });
}
