// Stands in for Shopify's library inside a web pixel's worker: no page, no cookies, only what the manager posts.
const subscribers = new Map();
const consentSubscribers = [];
const early = [];
let extend = null;
let started = null;

export function register(given) {
  extend = given;
  begin();
}

function begin() {
  if (!extend || !started) return;
  extend({
    ...started,
    analytics: {
      subscribe(name, callback) {
        subscribers.set(name, [...(subscribers.get(name) ?? []), callback]);
        return () => subscribers.delete(name);
      },
    },
    customerPrivacy: { subscribe: (_name, callback) => consentSubscribers.push(callback) },
    _pixelInfo: { type: "APP", runtimeContext: "STRICT" },
  });
  extend = null;
  for (const event of early.splice(0)) tell(event);
}

function tell(event) {
  for (const callback of subscribers.get(event.name) ?? []) callback(event);
}

self.onmessage = ({ data }) => {
  if (data.start) {
    started = data.start;
    begin();
  } else if (data.consent) {
    for (const callback of consentSubscribers) callback(data.consent);
  } else if (started && !extend) {
    tell(data.event);
  } else {
    early.push(data.event);
  }
};
