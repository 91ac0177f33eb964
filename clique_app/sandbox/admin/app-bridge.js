// A stand-in for Shopify's App Bridge: the same global, talking to the sandbox's admin page by postMessage.
(() => {
  if (window.shopify) return;
  const query = new URLSearchParams(location.search);
  const script = document.currentScript;
  const adminOrigin = new URL(script.src).origin;
  const apiKey = script.dataset.apiKey || document.querySelector("meta[name=shopify-api-key]")?.content || "";
  const remembered = (name) => {
    const value = query.get(name);
    try {
      if (value) sessionStorage.setItem("app-bridge-" + name, value);
      return value || sessionStorage.getItem("app-bridge-" + name) || "";
    } catch { return value || ""; }
  };
  const config = {apiKey, shop: remembered("shop"), host: remembered("host"), locale: query.get("locale") || "en"};
  const framed = window.parent !== window;
  const post = (message) => { if (framed) window.parent.postMessage({clique: "app", ...message}, adminOrigin); };
  const waiting = new Map();
  let number = 0;

  function idToken() {
    if (!framed) return Promise.reject(new Error("The app is not open in the admin."));
    return new Promise((resolve, reject) => {
      const mine = ++number;
      const timer = setTimeout(() => { waiting.delete(mine); reject(new Error("The admin did not answer.")); }, 10000);
      waiting.set(mine, {resolve, reject, timer});
      post({type: "idToken", number: mine});
    });
  }

  addEventListener("message", (event) => {
    if (event.origin !== adminOrigin || event.source !== window.parent) return;
    const message = event.data;
    if (!message || message.clique !== "admin") return;
    if (message.type === "idToken") {
      const asked = waiting.get(message.number);
      if (!asked) return;
      waiting.delete(message.number);
      clearTimeout(asked.timer);
      if (message.token) asked.resolve(message.token); else asked.reject(new Error(message.error));
    } else if (message.type === "navigate") {
      navigate(message.href);
    } else if (message.type === "saveBar") {
      document.getElementById(message.id)?.querySelector(
        message.choice === "save" ? "[variant=primary]" : "button:not([variant=primary])")?.click();
    }
  });

  // An ordinary link goes its own way (the app's router); else whoever listens; else the document is loaded anew.
  function navigate(href) {
    const url = new URL(href, location.href);
    if (url.origin !== location.origin) return openUrl(url.href, "_top");
    const link = [...document.querySelectorAll("s-app-nav a, s-app-nav s-link")].find(
      (item) => new URL(item.getAttribute("href"), location.href).pathname === url.pathname);
    if (link?.tagName === "A") return link.click();
    const event = new CustomEvent("shopify:navigate", {bubbles: true, cancelable: true, detail: {href}});
    if (!(link || document).dispatchEvent(event)) return undefined;
    for (const name of ["shop", "host"]) if (config[name]) url.searchParams.set(name, config[name]);
    url.searchParams.set("embedded", "1");
    return idToken().then((token) => {
      url.searchParams.set("id_token", token);
      location.assign(url);
    });
  }

  const nativeOpen = window.open.bind(window);
  function openUrl(url, target, features) {
    if (framed && (target === "_top" || target === "_parent")) {
      post({type: "open", href: new URL(url, location.href).href});
      return null;
    }
    return nativeOpen(url, target, features);
  }
  window.open = openUrl;
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[target=_top], a[target=_parent]");
    if (link && framed) { event.preventDefault(); openUrl(link.href, "_top"); }
  });

  const nativeFetch = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    const own = new URL(request.url).origin === location.origin;
    if (own && framed && !request.headers.has("authorization")) {
      try { request.headers.set("authorization", "Bearer " + await idToken()); } catch { /* sent without */ }
    }
    return nativeFetch(request);
  };

  window.shopify = {
    config,
    origin: adminOrigin,
    environment: {embedded: framed, mobile: false, intent: false, pos: false},
    ready: Promise.resolve(),
    idToken,
    user: async () => ({}),
    loading: () => {},
    toast: {
      show: (text) => { post({type: "toast", text}); return "toast-" + ++number; },
      hide: () => post({type: "hideToast"}),
    },
    saveBar: {
      show: async (id) => post({type: "saveBar", id, shown: true}),
      hide: async (id) => post({type: "saveBar", id, shown: false}),
      toggle: async () => {},
      leaveConfirmation: async () => {},
    },
  };

  function tellLocation() { post({type: "location", href: location.pathname + location.search}); }
  for (const name of ["pushState", "replaceState"]) {
    const native = history[name].bind(history);
    history[name] = (...args) => { native(...args); tellLocation(); };
  }
  addEventListener("popstate", tellLocation);

  let lastNav = "";
  function tellNav() {
    const nav = document.querySelector("s-app-nav, ui-nav-menu");
    if (!nav) return;
    nav.style.display = "none";
    const items = [...nav.querySelectorAll("s-link, a")].map((item) => ({
      label: item.textContent.trim(),
      href: item.getAttribute("href") || "/",
      home: item.getAttribute("rel") === "home",
    }));
    const text = JSON.stringify(items);
    if (text === lastNav) return;
    lastNav = text;
    post({type: "nav", items, path: location.pathname});
  }
  new MutationObserver(tellNav).observe(document.documentElement, {childList: true, subtree: true});
  document.addEventListener("DOMContentLoaded", () => { tellNav(); tellLocation(); });
})();
