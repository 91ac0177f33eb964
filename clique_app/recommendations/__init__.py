"""What to change next, and why. RECOMMENDATIONS: every kind Clique can give."""

from __future__ import annotations

from clique_app.recommendations import scale_strong_campaign, stock_out_spend

RECOMMENDATIONS = (stock_out_spend.KIND, scale_strong_campaign.KIND)
