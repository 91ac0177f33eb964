// Clique's web pixel: tells the collector what happens in the online store, and nothing about who did it.
//
// Shopify loads it only where the visitor allows analytics (shopify.extension.toml); it asks again before each event,
// because consent can be withdrawn while a page is open. It sends one event a request, without cookies, as text/plain,
// so that the browser needs no preflight. Of a page it sends the path, of a link its tags, of a click id which kind it
// is, of the page before only the host; never what was typed.
import { register } from "@shopify/web-pixels-extension";

const UTM = { source: "utm_source", medium: "utm_medium", campaign: "utm_campaign", content: "utm_content", id: "utm_id" };
const WHOLE_PATHS = /^(\/[a-z]{2}(-[a-z]{2})?)?\/(products|collections|pages|blogs)\//i;

register(({ analytics, customerPrivacy, init, settings }) => {
  let privacy = init.customerPrivacy;
  let page = init.context.document;
  const clickIds = settings.click_ids?.split(",") ?? []; // Clique's channels say which they have
  customerPrivacy.subscribe("visitorConsentCollected", (event) => {
    privacy = event.customerPrivacy;
  });

  const send = (kind, event, details) => {
    if (!privacy.analyticsProcessingAllowed || !event.clientId) return;
    const body = {
      key: settings.key,
      visitor: event.clientId,
      id: event.id,
      kind,
      age_ms: Math.max(0, Date.now() - Date.parse(event.timestamp)), // visitors' clocks are not to be trusted
      consent: privacy.marketingAllowed ? "analytics marketing" : "analytics",
      path: pathOf(page.location.pathname),
      ...details,
    };
    // the page may be left at this moment; an event that cannot be delivered is lost, never the visitor's concern
    fetch(settings.collector, { method: "POST", body: JSON.stringify(body), keepalive: true }).catch(() => {});
  };

  const tell = (name, kind, details = () => ({})) =>
    analytics.subscribe(name, (event) => {
      page = event.context?.document ?? page;
      send(kind, event, details(event));
    });

  tell("page_viewed", "page_viewed", () => arrival(page, clickIds));
  tell("product_viewed", "product_viewed", (event) => product(event.data.productVariant));
  tell("collection_viewed", "collection_viewed");
  tell("search_submitted", "search_submitted");
  tell("cart_viewed", "cart_viewed");
  tell("product_added_to_cart", "product_added_to_cart", (event) => product(event.data.cartLine?.merchandise));
  tell("product_removed_from_cart", "product_removed_from_cart", (event) => product(event.data.cartLine?.merchandise));
  tell("checkout_started", "checkout_started");
  tell("checkout_completed", "checkout_completed", (event) => ({ order: number(event.data.checkout.order?.id) }));

  // what themes and Clique's own app embed publish with Shopify.analytics.publish
  tell("product_added_to_wishlist", "product_added_to_wishlist", (event) => ({ product: number(event.customData?.productId) }));
  tell("clique_scrolled", "scrolled", (event) => ({ scroll: number(event.customData?.percent) }));

  analytics.subscribe("form_submitted", (event) => {
    if (isNewsletter(event.data.element)) send("email_signup", event, {});
  });
});

/** Where a page was come from: the tags of its link, and the host of the page before if it is another's. */
function arrival({ location, referrer }, clickIds) {
  const query = new URLSearchParams(location.search);
  const tags = {};
  for (const [name, parameter] of Object.entries(UTM)) {
    const value = query.get(parameter);
    if (value) tags[name] = value.slice(0, 200);
  }
  const click = clickIds.find((name) => query.get(name));
  if (click) tags.click = click;
  const from = hostOf(referrer);
  return { tags, referrer: from === location.hostname ? "" : from };
}

/** Addresses of accounts, orders and checkouts carry keys of theirs: of these only the first part. */
function pathOf(path) {
  return WHOLE_PATHS.test(path) ? path.slice(0, 300) : `/${path.split("/")[1] ?? ""}`.slice(0, 300);
}

function hostOf(url) {
  try {
    return new URL(url).hostname;
  } catch {
    return "";
  }
}

function product(variant) {
  return { product: number(variant?.product?.id) };
}

/** Shopify gives ids as numbers, as texts and as gid://shopify/Kind/number. */
function number(id) {
  const digits = /(\d+)$/.exec(String(id ?? ""));
  return digits ? Number(digits[1]) : undefined;
}

function isNewsletter(form) {
  const named = (name) => form.elements.find((input) => input.name === name);
  return Boolean(named("contact[email]")) && /newsletter/.test(named("contact[tags]")?.value ?? "");
}
