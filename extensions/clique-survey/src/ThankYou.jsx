// The block asks Clique for this order's survey link, proved by the checkout's session token, and offers it as a button.
// Where there is no link (no network, no address set, too many asked) it shows nothing: a thank-you page has no errors.
import "@shopify/ui-extensions/preact";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

export default async () => {
  render(<Survey />, document.body);
};

async function surveyLink(base, order) {
  const token = await shopify.sessionToken.get();
  const answer = await fetch(`${base}/survey/link`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ order }),
  });
  return answer.ok ? (await answer.json()).url : "";
}

function Survey() {
  const [url, setUrl] = useState("");
  const base = shopify.settings.value.clique_url;
  const order = shopify.orderConfirmation.value.order.id;

  useEffect(() => {
    if (base && order) surveyLink(base, order).then(setUrl, () => setUrl(""));
  }, [base, order]);

  if (!url) return null;
  return (
    <s-section heading={shopify.i18n.translate("heading")}>
      <s-stack gap="base">
        <s-text>{shopify.i18n.translate("text")}</s-text>
        <s-button href={url} target="_blank" variant="secondary">
          {shopify.i18n.translate("button")}
        </s-button>
      </s-stack>
    </s-section>
  );
}
