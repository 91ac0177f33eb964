// Stand-in for Polaris' web components, used only where POLARIS_URL is empty (demo, tests). Own work, only the tags we use.
(() => {
  "use strict";
  if (customElements.get("s-button")) return;
  const PATHS = {
    "alert-triangle": "M8 2.5 14 13H2zM8 6.5v3M8 11.3v.2", "alert-circle": "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 5v3.5M8 10.8v.2",
    "check-circle": "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M5.5 8.2l1.7 1.7 3.3-3.6", check: "M3.5 8.5l3 3 6-6.5", clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 5v3.2l2 1.3",
    info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 7.5V11M8 5v.2", x: "M4 4l8 8M12 4l-8 8", "x-circle": "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M6 6l4 4M10 6l-4 4",
    minus: "M4 8h8", plus: "M8 4v8M4 8h8", refresh: "M13 7a5 5 0 0 0-9-2L3 6M3 3v3h3M3 9a5 5 0 0 0 9 2l1-1M13 13v-3h-3", undo: "M6 3.5 3 6.5l3 3M3.5 6.5H9a3.5 3.5 0 0 1 0 7H7",
    export: "M8 10V2.5M5 5l3-3 3 3M3 10.5v3h10v-3", calendar: "M3 4h10v9.5H3zM3 7h10M5.5 2.5V5M10.5 2.5V5", "chevron-down": "M4 6l4 4 4-4", "arrow-up": "M8 13V3M4 7l4-4 4 4",
    "arrow-down": "M8 3v10M4 9l4 4 4-4", "arrow-right": "M3 8h10M9 4l4 4-4 4", "arrow-left": "M13 8H3M7 4L3 8l4 4", "chart-line": "M2.5 13.5h11M4 11V8M7 11V5M10 11V7M13 11V3", "shield-check-mark": "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM5.8 8l1.6 1.6 2.8-3.2",
    search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.5 10.5 14 14", edit: "M3 13l.6-2.6L10.5 3.5l2 2-6.9 6.9z", connect: "M6.5 9.5l3-3M5 7 3.5 8.5a2.8 2.8 0 0 0 4 4L9 11M11 9l1.5-1.5a2.8 2.8 0 0 0-4-4L7 5", store: "M3 7v6.5h10V7M2.5 7l1-4h9l1 4a2 2 0 0 1-3.7.8 2 2 0 0 1-3.6 0A2 2 0 0 1 2.5 7",
  };
  const RESET = ":host{display:inline-flex}:host([hidden]){display:none}*{box-sizing:border-box}button,input,select,a{font:inherit;color:inherit}" +
    ":focus-visible{outline:2px solid #005bd3;outline-offset:1px}svg{width:1em;height:1em;fill:none;stroke:currentColor;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round;flex:none}";
  const svg = (name) => (PATHS[name] ? `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${PATHS[name]}"/></svg>` : "");
  const text = (value) => String(value ?? "").replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

  // Each listed attribute is a property too, as React sets it; a change draws again.
  function define(tag, strings, booleans, body) {
    const all = [...strings, ...booleans];
    class Stand extends HTMLElement {
      static observedAttributes = all.map((name) => name.toLowerCase());
      constructor() { super(); this.attachShadow({ mode: "open", delegatesFocus: true }); }
      connectedCallback() { this.draw(); }
      attributeChangedCallback(_name, before, after) { if (this.isConnected && before !== after) this.draw(); }
      draw() { body.call(this, this.shadowRoot); }
    }
    for (const name of strings) Object.defineProperty(Stand.prototype, name, {
      get() { return this.getAttribute(name) ?? ""; }, set(value) { value == null || value === false ? this.removeAttribute(name) : this.setAttribute(name, value); } });
    for (const name of booleans) Object.defineProperty(Stand.prototype, name, {
      get() { return this.hasAttribute(name) && this.getAttribute(name) !== "false"; }, set(value) { this.toggleAttribute(name, Boolean(value) && value !== "false"); } });
    customElements.define(tag, Stand);
  }

  define("s-icon", ["type", "tone", "color", "size"], [], function (root) {
    const tone = { success: "#047b5d", caution: "#5e4200", warning: "#5e4200", critical: "#c70a24", info: "#005bd3" }[this.tone] ?? "currentColor";
    root.innerHTML = `<style>${RESET}:host{width:16px;height:16px;font-size:16px;flex:none;color:${tone}}</style>${svg(this.type)}`;
  });

  define("s-spinner", ["size", "accessibilityLabel"], [], function (root) {
    root.innerHTML = `<style>${RESET}:host{width:16px;height:16px}i{width:16px;height:16px;border:2px solid #ccc;border-top-color:#005bd3;border-radius:50%;animation:t 1s linear infinite}@keyframes t{to{transform:rotate(1turn)}}@media(prefers-reduced-motion:reduce){i{animation:t 4s steps(4) infinite}}</style><i role="status" aria-label="${text(this.accessibilityLabel || "Loading")}"></i>`;
  });

  define("s-badge", ["tone", "icon", "color", "size"], [], function (root) {
    const [back, front] = { success: ["#affebf", "#014b40"], info: ["#d5ebff", "#003a5a"], caution: ["#ffeb78", "#4f4700"], warning: ["#ffd6a4", "#5e4200"], critical: ["#fed1d7", "#8e0b21"] }[this.tone] ?? ["rgb(0 0 0/.06)", "#4a4a4a"];
    root.innerHTML = `<style>${RESET}span{display:inline-flex;height:20px;align-items:center;gap:4px;padding:2px 8px;border-radius:8px;font:550 12px/16px Inter,sans-serif;background:${back};color:${front};white-space:nowrap}svg{font-size:14px}</style><span>${svg(this.icon)}<slot></slot></span>`;
  });

  const BUTTON = `:host{vertical-align:middle}:host([inlinesize=fill]){display:flex}:host([inlinesize=fill]) .b{width:100%}.b{display:inline-flex;align-items:center;justify-content:center;gap:6px;height:28px;padding:0 12px;border:0;border-radius:8px;background:#fff;color:#303030;font:550 12px/16px Inter,sans-serif;cursor:pointer;white-space:nowrap;text-decoration:none;box-shadow:inset 0 -1px 0 #b5b5b5,inset 0 0 0 1px rgb(0 0 0/.1),inset 0 .5px 0 1.5px #fff}
.b:hover{background:#fafafa}.b.primary{background:#303030;color:#fff;box-shadow:inset 0 -1px 0 1px rgb(0 0 0/.8),inset 0 0 0 1px #303030,inset 0 .5px 0 1.5px rgb(255 255 255/.25)}.b.primary:hover{background:#1a1a1a}.b.tertiary{background:none;box-shadow:none}.b.tertiary:hover{background:rgb(0 0 0/.06)}.b.critical{color:#8e0b21}.b.primary.critical{background:#c70a24;color:#fff}
.b:disabled{background:#e9e9e9;color:#616161;box-shadow:none;cursor:default}.b.primary:disabled{background:#616161;color:#fff}.b.only{padding:0 6px}.b.loading{position:relative;color:transparent!important}.b.loading svg{opacity:0}.b.primary.loading i{border-color:#8a8a8a;border-top-color:#fff}svg{font-size:16px}.b i{position:absolute;top:calc(50% - 7px);left:calc(50% - 7px);width:14px;height:14px;border:2px solid #ccc;border-top-color:#616161;border-radius:50%;animation:t 1s linear infinite}@keyframes t{to{transform:rotate(1turn)}}@media(prefers-reduced-motion:reduce){i{animation:t 4s steps(4) infinite}}@media(max-width:700px){.b{height:32px}}`;
  define("s-button", ["variant", "tone", "icon", "type", "href", "target", "accessibilityLabel", "inlineSize", "command", "commandFor", "download", "interestFor", "lang"], ["disabled", "loading"], function (root) {
    // Drawn again in place: a button that is exchanged under a click or the focus loses both.
    const tag = this.href ? "a" : "button";
    if (!root.querySelector(tag)) root.innerHTML = `<style>${RESET}${BUTTON}</style><${tag}></${tag}>`;
    const button = root.querySelector(tag);
    button.className = `b ${this.variant} ${this.tone}${this.icon && !this.textContent ? " only" : ""}${this.loading ? " loading" : ""}`;
    button.innerHTML = `${svg(this.icon)}<slot></slot>${this.loading ? "<i></i>" : ""}`;
    if (this.accessibilityLabel) button.setAttribute("aria-label", this.accessibilityLabel); else button.removeAttribute("aria-label");
    if (this.href) { button.setAttribute("href", this.href); button.target = this.target; return; }
    button.type = "button";
    button.disabled = this.disabled || this.loading;
    button.ariaBusy = this.loading ? "true" : null;
    button.onclick = this.type === "submit" ? () => this.closest("form")?.requestSubmit() : null;
  });

  define("s-link", ["href", "target", "tone", "accessibilityLabel", "lang", "download", "command", "commandFor", "interestFor"], [], function (root) {
    root.innerHTML = `<style>${RESET}:host{display:inline}a{color:#005bd3;text-decoration:none;font-weight:550}a:hover{text-decoration:underline}</style><a href="${text(this.href)}" target="${text(this.target)}"><slot></slot></a>`;
  });

  define("s-banner", ["heading", "tone"], ["dismissible", "hidden"], function (root) {
    const [back, front, line, icon] = { critical: ["#fee8eb", "#8e0b21", "#fdc9d0", "alert-circle"], warning: ["#fff1e3", "#5e4200", "#ffd6a4", "alert-triangle"], caution: ["#fff8db", "#4f4700", "#ffeb78", "alert-triangle"], success: ["#e3fbe8", "#014b40", "#affebf", "check-circle"] }[this.tone] ?? ["#eaf4ff", "#003a5a", "#cfe6ff", "info"];
    root.innerHTML = `<style>${RESET}:host{display:block}div.b{display:flex;gap:10px;padding:12px 14px;border-radius:12px;background:${back};color:${front};border:1px solid ${line};font:450 13px/20px Inter,sans-serif;align-items:flex-start;flex-wrap:wrap}svg{font-size:16px;margin-top:2px}.t{flex:1;min-width:180px}strong{font-weight:650;display:block}.a{display:flex;gap:8px;color:#303030}</style>
<div class="b" role="${this.tone === "critical" || this.tone === "warning" ? "alert" : "status"}">${svg(icon)}<div class="t"><strong>${text(this.heading)}</strong><slot></slot></div><div class="a"><slot name="secondary-actions"></slot></div></div>`;
  });

  define("s-progress", ["value", "max", "tone", "accessibilityLabel"], [], function (root) {
    const most = Number(this.max || 1), share = most > 0 ? Math.min(1, Math.max(0, Number(this.value || 0) / most)) : 0;
    root.innerHTML = `<style>${RESET}:host{display:block}div{height:6px;border-radius:4px;background:#e3e3e3;overflow:hidden}i{display:block;height:100%;border-radius:4px;background:${this.tone === "success" ? "#047b5d" : "#303030"};width:${share * 100}%;transition:width .2s}</style><div role="progressbar" aria-valuemin="0" aria-valuemax="${most}" aria-valuenow="${text(this.value || 0)}" aria-label="${text(this.accessibilityLabel || "Progress")}"><i></i></div>`;
  });

  const FIELD = `:host{display:block;position:relative}label{display:block;font:450 13px/20px Inter,sans-serif;margin-bottom:4px}label.v{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}.f{display:flex;align-items:center;gap:6px;min-height:32px;padding:0 12px;border:1px solid #8a8a8a;border-radius:8px;background:#fdfdfd}.f:focus-within{outline:2px solid #005bd3;outline-offset:1px}.f.bad{border-color:#8e0b21;background:#fee8eb}input,select{flex:1;min-width:0;width:100%;border:0;background:none;outline:none;font:450 13px/20px Inter,sans-serif;color:#303030;padding:5px 0;font-variant-numeric:tabular-nums}.f span{color:#616161;font-size:13px}.d{font:450 12px/16px Inter,sans-serif;color:#616161;margin-top:4px}.e{font:450 12px/16px Inter,sans-serif;color:#8e0b21;margin-top:4px;display:flex;gap:4px}.e svg{font-size:16px}`;
  const about = (node) => (node.error ? `<div class="e" id="e" role="alert">${svg("alert-circle")}${text(node.error)}</div>` : node.details ? `<div class="d" id="e">${text(node.details)}</div>` : "");
  const bind = (node, root, attribute) => {
    const input = root.querySelector("input,select");
    input.addEventListener("input", () => { node.silent = true; node[attribute] = attribute === "checked" ? input.checked : input.value; node.silent = false; });
    input.addEventListener("change", () => node.dispatchEvent(new Event("change", { bubbles: true })));
  };
  const SYMBOL = { USD: "$", EUR: "€", GBP: "£", JPY: "¥" };
  const COMMON = ["label", "value", "details", "error", "name", "placeholder", "autocomplete", "labelAccessibilityVisibility"];
  const field = (tag, extra, numeric) => define(tag, [...COMMON, ...extra], ["disabled", "required", "readOnly"], function (root) {
    const input = root.querySelector("input");
    if (this.silent) return;
    if (input && root.activeElement === input && input.value === this.value) { refresh(this, root); return; }
    const before = this.currencyCode ? SYMBOL[this.currencyCode] ?? this.currencyCode : this.prefix && extra.includes("prefix") ? this.getAttribute("prefix") : "";
    const had = root.activeElement === input && input;
    root.innerHTML = `<style>${RESET}${FIELD}</style><label for="i"${this.labelAccessibilityVisibility === "exclusive" ? ' class="v"' : ""}>${text(this.label)}</label><div class="f${this.error ? " bad" : ""}">${before ? `<span>${text(before)}</span>` : ""}<input id="i" ${numeric ? 'inputmode="decimal"' : ""} name="${text(this.name)}" value="${text(this.value)}" placeholder="${text(this.placeholder)}" autocomplete="${text(this.autocomplete || "off")}"${this.disabled ? " disabled" : ""}${this.required ? " required" : ""}${this.readOnly ? " readonly" : ""}${this.error ? ' aria-invalid="true"' : ""}${this.error || this.details ? ' aria-describedby="e"' : ""}>${this.getAttribute("suffix") ? `<span>${text(this.getAttribute("suffix"))}</span>` : ""}</div><div class="x">${about(this)}</div>`;
    bind(this, root, "value");
    if (had) root.querySelector("input").focus();
  });
  const refresh = (node, root) => { root.querySelector(".x").innerHTML = about(node); root.querySelector(".f").classList.toggle("bad", Boolean(node.error)); root.querySelector("input").toggleAttribute("aria-invalid", Boolean(node.error)); };
  field("s-text-field", ["icon", "maxLength", "minLength", "prefix", "suffix"], false);
  field("s-number-field", ["inputMode", "max", "min", "step", "prefix", "suffix"], true);
  field("s-money-field", ["max", "min", "currencyCode"], true);

  define("s-option", ["value"], ["disabled", "selected", "defaultSelected"], function () {
    const select = this.closest("s-select");
    if (select?.shadowRoot && customElements.get("s-select")) queueMicrotask(() => select.draw());
  });
  define("s-select", ["label", "value", "details", "error", "name", "placeholder", "icon", "labelAccessibilityVisibility"], ["disabled", "required"], function (root) {
    if (this.silent) return;
    const options = [...this.querySelectorAll("s-option")].map((o) => `<option value="${text(o.value)}"${o.value === this.value ? " selected" : ""}${o.disabled ? " disabled" : ""}>${text(o.textContent)}</option>`).join("");
    root.innerHTML = `<style>${RESET}${FIELD}</style><label for="i"${this.labelAccessibilityVisibility === "exclusive" ? ' class="v"' : ""}>${text(this.label)}</label><div class="f${this.error ? " bad" : ""}"><select id="i" name="${text(this.name)}"${this.disabled ? " disabled" : ""}>${options}</select></div>${about(this)}`;
    bind(this, root, "value");
  });

  const toggle = (tag, role) => define(tag, ["label", "value", "details", "error", "name", "accessibilityLabel", "labelAccessibilityVisibility"], ["checked", "disabled", "required", "defaultChecked", "indeterminate", "defaultIndeterminate"], function (root) {
    if (this.silent) return;
    const look = role ? `input{appearance:none;width:32px;height:20px;flex:none;border-radius:10px;background:#8a8a8a;position:relative;cursor:pointer;margin:0}input::after{content:"";position:absolute;inset:3px auto 3px 3px;width:14px;border-radius:50%;background:#fff;transition:left .15s}input:checked{background:#303030}input:checked::after{left:15px}` : "input{width:16px;height:16px;flex:none;margin:2px 0;accent-color:#303030}";
    root.innerHTML = `<style>${RESET}${FIELD}label.l{display:flex;gap:8px;align-items:flex-start;margin:0}${look}input:focus-visible{outline:2px solid #005bd3;outline-offset:1px}</style><label class="l"><input type="checkbox" ${role}${this.checked ? " checked" : ""}${this.disabled ? " disabled" : ""}${this.accessibilityLabel ? ` aria-label="${text(this.accessibilityLabel)}"` : ""}><span>${text(this.label)}</span></label>${about(this)}`;
    bind(this, root, "checked");
  });
  toggle("s-switch", 'role="switch"');
  toggle("s-checkbox", "");
})();
