"""Countries and regions by the codes that Pinterest uses, ISO 3166."""

from __future__ import annotations

COUNTRIES = {"US": "U.S.", "CA": "Canada", "AU": "Australia", "BR": "Brazil", "DE": "Germany", "GB": "United Kingdom"}
REGIONS = {
    "US": {
        "California": "CA", "New York": "NY", "Texas": "TX", "Florida": "FL", "Massachusetts": "MA",
        "Pennsylvania": "PA", "Illinois": "IL", "New Jersey": "NJ", "Washington": "WA", "Ohio": "OH", "Georgia": "GA",
        "Colorado": "CO",
    },
    "CA": {"Ontario": "ON", "British Columbia": "BC", "Quebec": "QC"},
    "AU": {
        "New South Wales": "NSW", "Victoria": "VIC", "Queensland": "QLD", "Western Australia": "WA",
        "South Australia": "SA", "Tasmania": "TAS", "Australian Capital Territory": "ACT", "Northern Territory": "NT",
    },
    "BR": {
        "Acre": "AC", "Alagoas": "AL", "Amapá": "AP", "Amazonas": "AM", "Bahia": "BA", "Ceará": "CE",
        "Distrito Federal": "DF", "Espírito Santo": "ES", "Goiás": "GO", "Maranhão": "MA", "Mato Grosso": "MT",
        "Mato Grosso do Sul": "MS", "Minas Gerais": "MG", "Pará": "PA", "Paraíba": "PB", "Paraná": "PR",
        "Pernambuco": "PE", "Piauí": "PI", "Rio de Janeiro": "RJ", "Rio Grande do Norte": "RN",
        "Rio Grande do Sul": "RS", "Rondônia": "RO", "Roraima": "RR", "Santa Catarina": "SC", "São Paulo": "SP",
        "Sergipe": "SE", "Tocantins": "TO",
    },
}  # fmt: skip


def code(country: str, region: str) -> str | None:
    """US-CA; None where Pinterest knows the country only."""
    found = REGIONS.get(country, {}).get(region)
    return f"{country}-{found}" if found else None


def listed() -> list[dict[str, str]]:
    """What GET /resources/targeting/GEO answers."""
    regions = {
        f"{country}-{short}": f"{COUNTRIES[country]}: {name}"
        for country, names in REGIONS.items()
        for name, short in names.items()
    }
    return [{**COUNTRIES, **regions}]
