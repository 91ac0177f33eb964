// Stands in for what Shopify adds to a storefront: the consent banner, its two cookies, its memory of visits, and the
// manager of web pixels. Events wait until the visitor has decided; a pixel is loaded, and is told of them, only after
// "Accept", and is ended by "Decline".
(() => {
  const shop = JSON.parse(document.getElementById("shop-data").textContent);
  const own = location.origin + shop.base;
  const store = `https://${shop.shop.myshopifyDomain}`;
  const waiting = [];
  let pixel = null;
  let number = 0;

  const cookie = (name) => document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]*)`))?.[1] ?? "";
  const keep = (name, value, seconds) => {
    document.cookie = `${name}=${value}; path=${shop.base}; max-age=${seconds}; samesite=lax`;
  };
  const asStore = (url) => (url.startsWith(own) ? store + (url.slice(own.length) || "/") : url);
  const allowed = () => cookie("_tracking_consent") === "yes";
  const privacy = () => ({
    analyticsProcessingAllowed: allowed(),
    marketingAllowed: allowed(),
    preferencesProcessingAllowed: allowed(),
    saleOfDataAllowed: allowed(),
  });

  const context = () => {
    const { href, pathname, hash, search, host, hostname, protocol } = new URL(asStore(location.href));
    return {
      document: {
        location: { href, pathname, hash, search, host, hostname, protocol },
        referrer: asStore(document.referrer),
        title: document.title,
        characterSet: document.characterSet,
      },
      navigator: { language: navigator.language, cookieEnabled: true, userAgent: navigator.userAgent },
      window: { innerHeight, innerWidth, scrollX, scrollY, pageYOffset: scrollY, location: { href } },
    };
  };

  const publish = (type, name, payload) => {
    const event = { id: crypto.randomUUID(), name, seq: number++, timestamp: new Date().toISOString(), type, ...payload };
    if (type !== "dom") event.context = context();
    if (pixel) pixel.postMessage({ event: { ...event, clientId: cookie("_shopify_y") } });
    else if (cookie("_tracking_consent") !== "no") waiting.push(event);
  };

  const start = () => {
    if (!cookie("_shopify_y")) keep("_shopify_y", crypto.randomUUID(), 31536000);
    keep("_shopify_s", cookie("_shopify_s") || crypto.randomUUID(), 1800);
    const { search } = location;
    fetch(`${shop.base}/visit`, {
      method: "POST",
      body: JSON.stringify({ page: (location.pathname.slice(shop.base.length) || "/") + search, referrer: document.referrer.startsWith(own) ? "" : document.referrer }),
      keepalive: true,
    });
    if (!shop.pixel) return;
    pixel = new Worker(`${shop.base}/cdn/pixel.js`, { type: "module" });
    const data = { shop: shop.shop, customer: null, cart: null, purchasingCompany: null };
    pixel.postMessage({ start: { settings: shop.pixel, init: { context: context(), data, customerPrivacy: privacy() } } });
    for (const event of waiting.splice(0)) pixel.postMessage({ event: { ...event, clientId: cookie("_shopify_y") } });
  };

  const banner = document.querySelector(".consent");
  banner.hidden = Boolean(cookie("_tracking_consent"));
  banner.addEventListener("click", ({ target }) => {
    const choice = target.dataset.consent;
    if (!choice) return;
    keep("_tracking_consent", choice, 31536000);
    banner.hidden = true;
    if (choice === "yes") start();
    else waiting.length = 0;
  });

  window.Shopify = {
    shop: shop.shop.myshopifyDomain,
    analytics: { publish: (name, customData) => publish("custom", name, { customData }) },
    customerPrivacy: {
      // a visitor who changes their mind on a page that is open
      withdraw() {
        keep("_tracking_consent", "no", 31536000);
        pixel?.postMessage({ consent: { customerPrivacy: privacy() } });
      },
    },
  };

  for (const form of document.querySelectorAll("form.add")) {
    form.addEventListener("submit", async (submitted) => {
      submitted.preventDefault();
      const answer = await fetch(`${shop.base}/cart/add.js`, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      publish("standard", "product_added_to_cart", { data: await answer.json() });
      document.getElementById("added").textContent = "It is in your cart.";
    });
  }
  document.getElementById("wish")?.addEventListener("click", ({ target }) => {
    window.Shopify.analytics.publish("product_added_to_wishlist", { productId: target.dataset.product });
    target.textContent = "On your wishlist";
  });
  document.getElementById("newsletter").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const form = submitted.target;
    const elements = [...form.elements].map(({ id, name, tagName, type, value }) => ({ id, name, tagName, type, value }));
    publish("dom", "form_submitted", { data: { element: { action: form.action, id: form.id, elements } } });
    await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    form.querySelector("[role=status]").textContent = "Thank you.";
  });

  for (const { name, data } of shop.events) publish("standard", name, { data });
  if (allowed()) start();
})();
