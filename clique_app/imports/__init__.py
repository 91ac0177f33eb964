"""Files a merchant brings: Shopify's own exports and spend sheets, imported whole or not at all."""
