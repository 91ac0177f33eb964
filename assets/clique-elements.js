// What markup cannot do alone: modal overlays, menus that close, CSV of a table, shortcuts, admin navigation.
(() => {
  "use strict";
  const closeOf = (dialog) => dialog.querySelector("[data-close]");

  // Opens the <dialog> inside as a modal: the browser traps focus and makes the rest inert.
  class Overlay extends HTMLElement {
    connectedCallback() {
      this.before = document.activeElement;
      const dialog = this.querySelector("dialog");
      if (!dialog || dialog.open) return;
      dialog.addEventListener("cancel", (event) => { event.preventDefault(); closeOf(dialog)?.click(); });
      dialog.addEventListener("click", (event) => { if (event.target === dialog) closeOf(dialog)?.click(); });
      dialog.showModal();
    }
    disconnectedCallback() { this.before?.isConnected && this.before.focus(); }
  }
  if (!customElements.get("clique-overlay")) customElements.define("clique-overlay", Overlay);

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.c-picker[open]")) {
      if (!menu.contains(event.target) || event.target.closest(".c-menu button")) menu.open = false;
    }
    const csv = event.target.closest?.("[data-csv]");
    if (csv) download(csv);
  });

  const safe = (text) => {
    const plain = text.trim().replace(/\s+/g, " ").replace(/−/g, "-");
    const guarded = /^[=+@\t]/.test(plain) || /^-(?![$€£¥\d.])/.test(plain) ? "'" + plain : plain;
    return /[",\n]/.test(guarded) ? '"' + guarded.replace(/"/g, '""') + '"' : guarded;
  };
  function download(button) {
    const table = document.getElementById(button.dataset.csv);
    if (!table) return;
    const rows = [...table.rows].map((row) => [...row.cells].map((cell) => safe(cell.dataset.raw || cell.innerText)).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + rows.join("\r\n") + "\r\n"], { type: "text/csv" }));
    link.download = (button.dataset.name || "clique") + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  const typing = (node) => node && (/^(input|textarea|select)$/i.test(node.tagName) || node.isContentEditable || /^S-.*-FIELD$/.test(node.tagName));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.composedPath()[0])) return;
    if (event.key === "Escape") document.querySelectorAll("details.c-picker[open]").forEach((menu) => {
      menu.open = false; menu.querySelector("summary").focus();
    });
    if (event.key === "?") { event.preventDefault(); toggleShortcuts(); }
    if (event.key === "/") { const ask = document.querySelector("[data-ask]"); if (ask) { event.preventDefault(); ask.focus(); } }
    if (event.key === "p") { const picker = document.querySelector(".c-picker summary"); if (picker && !document.querySelector("dialog[open]")) { event.preventDefault(); picker.focus(); picker.click(); } }
  });
  function toggleShortcuts() {
    const dialog = document.getElementById("shortcuts");
    if (!dialog) return;
    if (dialog.open) dialog.close(); else dialog.showModal();
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#shortcuts [data-close]") || event.target.id === "shortcuts") document.getElementById("shortcuts").close();
  });

  // The admin's menu asks the app to show another page: go there without loading the document again.
  document.addEventListener("shopify:navigate", (event) => {
    const href = event.target?.getAttribute?.("href");
    if (!href) return;
    event.preventDefault();
    show(href);
  });
  // So does a link to another page of Clique.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='/']");
    if (!link || link.target || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    show(link.getAttribute("href"));
  });
  function show(href) {
    const url = new URL(href, location.href);
    for (const key of ["shop", "host", "embedded", "locale"]) {
      const value = new URLSearchParams(location.search).get(key);
      if (value && !url.searchParams.has(key)) url.searchParams.set(key, value);
    }
    const router = window.__reactRouterDataRouter;
    if (router) router.navigate(url.pathname + url.search); else location.assign(url);
  }
})();
