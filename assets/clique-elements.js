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

  // Sends the chosen file with a fresh session token; the page then reads what became of it.
  const LARGEST = 50 * 1024 * 1024;
  class Upload extends HTMLElement {
    connectedCallback() { this.addEventListener("change", (event) => event.target.type === "file" && this.take(event.target)); }
    async take(field) {
      const file = field.files[0];
      if (!file) return;
      if (file.size > LARGEST) return this.say("The file is larger than 50 MB. Export fewer days at a time.", true);
      this.say("Sending " + file.name);
      field.disabled = true;
      try {
        let answer = await this.send(file, await window.shopify.idToken());
        if (answer.status === 401) answer = await this.send(file, await window.shopify.idToken());
        if (answer.status === 200) { this.say(file.name + " was read."); this.querySelector("[data-done]").click(); }
        else this.say(answer.message, true);
      } catch { this.say("The file did not arrive. Check the connection and choose it again.", true); }
      field.disabled = false;
      field.value = "";  // the same file may be chosen again, mended
      field.focus();
    }
    send(file, token) {
      const bar = this.querySelector("progress");
      const query = new URLSearchParams({name: file.name, kind: this.dataset.kind || ""});
      return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open("POST", this.dataset.url + "?" + query);
        request.setRequestHeader("Authorization", "Bearer " + token);
        request.setRequestHeader("Content-Type", "text/csv");
        request.upload.onprogress = (event) => {
          bar.value = event.loaded / event.total;
          if (event.loaded === event.total) this.say("Reading " + file.name);
        };
        request.onloadend = () => {
          bar.hidden = true;
          if (!request.status) return reject(new Error("cut off"));
          let message = "The file could not be read. Try again in a moment.";
          try { message = JSON.parse(request.responseText).error.message; } catch { /* no words of ours */ }
          resolve({status: request.status, message});
        };
        bar.value = 0;
        bar.hidden = false;
        request.send(file);
      });
    }
    say(text, wrong = false) {
      const line = this.querySelector("[role=status]");
      line.textContent = text;
      line.toggleAttribute("data-wrong", wrong);
    }
  }
  if (!customElements.get("clique-upload")) customElements.define("clique-upload", Upload);

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
