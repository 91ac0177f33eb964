// Publishes how far down a page has been read, at each quarter, to web pixels. Shopify hands it to them only where the
// visitor's consent allows; a pixel cannot see the page itself.
(() => {
  const STEP = 25;
  let told = -1;
  let waiting = false;

  const look = () => {
    waiting = false;
    const height = document.documentElement.scrollHeight;
    const seen = height ? Math.min(100, ((window.scrollY + window.innerHeight) / height) * 100) : 100;
    const percent = Math.floor((seen + 0.5) / STEP) * STEP;
    if (percent <= told) return;
    told = percent;
    window.Shopify?.analytics?.publish("clique_scrolled", { percent });
  };
  const lookSoon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(look);
  };

  addEventListener("scroll", lookSoon, { passive: true });
  lookSoon();
})();
