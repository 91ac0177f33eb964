"""The catalogue as SQL functions: clique.KEY(from, to) and clique.KEY_by(dimension, from, to). Pure.

A body is the entry's own SQL with parameters in place of what the pages bind; a formula's calls those of its inputs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clique_app.metrics import expression, registry
from clique_app.metrics.definition import BY_FIRST_ORDER, NAMES, TIMES, Dimension, Formula, Leaf, Metric, Reading, Total
from clique_app.warehouse.access import OWN_STORE
from clique_app.warehouse.known import KNOWN_FUNCTIONS, UNTIL, known

# what a value can be narrowed by: the member as text, '' for what has none
FILTERS: tuple[Dimension, ...] = tuple(one for one in NAMES if one not in TIMES)
PERIOD = (("from_day", "date"), ("to_day", "date"))
_VALUE = (*PERIOD, *((name, "text default null") for name in FILTERS))
_BY = (("dimension", "text"), *PERIOD)
_ASKED = ", ".join([":start", ":end", *(f":{name}" for name in FILTERS)])
_NARROWED = " or ".join(f":{name} is not null" for name in FILTERS)
_BOUND = {"start": "from_day", "end": "to_day"}  # what the catalogue calls them
_END = re.compile(r"(?<![:\w]):end\b")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")

# the days, weeks or months of a period; the first and the last one as far as it reaches
_SLICES = """
create function clique_kept.slices(dimension text, from_day date, to_day date)
returns table (first_day date, last_day date) language sql immutable set search_path = pg_catalog as $$
  select greatest(s::date, $2), least((s + ('1 ' || $1)::interval)::date - 1, $3)
  from generate_series(date_trunc($1, $2::timestamp), $3::timestamp, ('1 ' || $1)::interval) s
$$
"""

# a name that is none is no empty answer; nothing for null
_CHECKED = f"""
create function clique_kept.checked(dimension text) returns text language plpgsql immutable set search_path = pg_catalog
as $$
begin
  if dimension not in ({", ".join(f"'{name}'" for name in NAMES)}) then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('There is no dimension %L. There are: {", ".join(NAMES)}.', dimension);
  end if;
  return dimension;
end $$
"""


@dataclass(frozen=True)
class Function:
    """One function of the schema `clique`."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    returns: str
    body: str
    meaning: str

    @property
    def sql(self) -> str:
        listed = ", ".join(f"{name} {kind}" for name, kind in self.arguments)
        return f"""
        create function clique.{self.name}({listed}) returns {self.returns}
        language sql stable security definer set search_path = pg_catalog, public, pg_temp
        as $body$ {_bound(self.body, self.arguments)} $body$
        """

    @property
    def comment(self) -> str:
        kinds = ", ".join(kind.partition(" ")[0] for _, kind in self.arguments)
        told = self.meaning.replace("'", "''")
        return f"comment on function clique.{self.name}({kinds}) is '{told}'"


def functions() -> tuple[Function, ...]:
    """All of them, inputs first."""
    ordered = {one.key: one for item in registry.METRICS for one in _inputs_first(item)}
    return tuple(made for item in ordered.values() for made in (_value(item), _by(item)))


def foundations() -> tuple[str, ...]:
    """What they rest on."""
    return (*KNOWN_FUNCTIONS, _SLICES, _CHECKED)


def statements(made: Iterable[Function]) -> Iterator[str]:
    """What makes them."""
    for function in made:
        yield function.sql
        yield function.comment


def rendered(item: Formula, dimensions: Sequence[Dimension] = ()) -> str:
    """The formula over columns i.KEY of its totals and readings; nothing is divided by 0."""

    def named(key: str) -> str:
        part = registry.answering(registry.metric(key), dimensions)
        return f"({rendered(part, dimensions)})" if isinstance(part, Formula) else f"i.{part.key}"

    told = _rendered(expression.parse(item.expression), named)
    return told if item.least is None else f"case when not {named(item.least[0])} < {item.least[1]} then {told} end"


def _inputs_first(item: Metric) -> Iterator[Metric]:
    for part in (*registry.inputs(item), *map(registry.metric, item.partners)):
        yield from _inputs_first(part)
    yield item


def _bound(sql: str, arguments: tuple[tuple[str, str], ...]) -> str:
    places = {name: f"${number}" for number, (name, _) in enumerate(arguments, start=1)}
    places |= {asked: places[name] for asked, name in _BOUND.items()}
    places["store_id"] = OWN_STORE
    return _PARAMETER.sub(lambda found: places[found.group(1)], sql)


# the value of a period


def _value(item: Metric) -> Function:
    mine = _formula_value(item) if isinstance(item, Formula) else _leaf_value(item)
    others = " ".join(
        f"when {_can(other, registry.tells)} then clique.{other.key}({_ASKED})"
        for other in map(registry.metric, item.partners)
    )
    body = f"select case when {_can(item)} then ({mine}) {others} else ({mine}) end" if others else mine
    return Function(item.key, _VALUE, "numeric", body, item.meaning)


def _can(item: Metric, knows: Callable[[Metric, list[Dimension]], bool] = registry.has) -> str:
    """Whether it has what is asked, by itself or as else is said."""
    lacking = [f":{name} is null" for name in FILTERS if not knows(item, [name])]
    return " and ".join(lacking) or "true"


def _formula_value(item: Formula) -> str:
    read = ", ".join(f"clique.{part.key}({_ASKED}) as {part.key}" for part in registry.inputs(item))
    told = _rendered(expression.parse(item.expression), lambda key: f"i.{key}")
    if item.least:
        told = f"case when not i.{item.least[0]} < {item.least[1]} then {told} end"
    return f"with i as materialized (select {read}) select {told} from i"


def _leaf_value(leaf: Leaf) -> str:
    whole = f"(select {leaf.value} {_rows(leaf)})"
    filters = [f"(:{name} is null or {_text(told)} = :{name})" for name, told in leaf.groups.items()]
    told = whole
    if filters and not _is_undivided(leaf):  # apart: the joins that only filters need are not paid for without them
        narrowed = f"(select {leaf.value} {_rows(leaf)} and {' and '.join(filters)})"
        told = f"case when {_NARROWED} then {narrowed} else {whole} end"
    conditions = [known(leaf), _can(leaf)]
    if (by_first_order := known(leaf, *BY_FIRST_ORDER)) != known(leaf):
        unasked = " and ".join(f":{name} is null" for name in BY_FIRST_ORDER)
        conditions.append(f"({unasked} or {by_first_order})")
    return f"select case when {' and '.join(conditions)} then ({told})::numeric end"


def _rows(leaf: Leaf) -> str:
    rows = f"from {leaf.source} where r.store_id = :store_id and ({leaf.period}) and ({leaf.where})"
    return _END.sub(UNTIL, rows) if isinstance(leaf, Reading) and leaf.as_of_end else rows


def _text(told: str) -> str:
    return f"coalesce(({told})::text, '')"


def _is_undivided(leaf: Leaf) -> bool:
    return isinstance(leaf, Total) and leaf.undivided


# the value by a dimension


def _by(item: Metric) -> Function:
    """By time it is the value of each slice; by anything else the rows are grouped."""
    parts = [
        f"""select s.first_day::text as member, clique.{item.key}(s.first_day, s.last_day) as value
        from clique_kept.slices(:dimension, :start, :end) s
        where clique_kept.checked(:dimension) in ({_listed(TIMES)})""",
    ]
    for names, answering in _answering(item).items():
        made = _formula_by(answering, names) if isinstance(answering, Formula) else _leaf_by(answering, names)
        parts.append(f"select member, value from ({made}) by_{names[0]} where :dimension in ({_listed(names)})")
    told = f"{item.meaning} By {', '.join((*TIMES, *(name for names in _answering(item) for name in names)))}."
    return Function(f"{item.key}_by", _BY, "table (member text, value numeric)", " union all ".join(parts), told)


def _answering(item: Metric) -> Mapping[tuple[Dimension, ...], Metric]:
    """Who answers by which dimensions; those by which nothing of it is known are left out."""
    found: dict[str, tuple[list[Dimension], Metric]] = {}
    for name in FILTERS:
        leaves = registry.leaves(item, [name])
        if any(name in leaf.groups for leaf in leaves):
            shape = " ".join(leaf.key for leaf in leaves)
            found.setdefault(shape, ([], registry.answering(item, [name])))[0].append(name)
    return {tuple(names): answering for names, answering in found.values()}


def _leaf_by(leaf: Leaf, names: Iterable[Dimension]) -> str:
    """A statement for each dimension: the joins of the others are not paid for."""
    return " union all ".join(
        f"select {_text(leaf.groups[name])} as member, ({leaf.value})::numeric as value {_rows(leaf)} "
        f"and :dimension = '{name}' and (select {known(leaf, name)}) group by 1"
        for name in names
        if name in leaf.groups
    )


def _formula_by(item: Formula, names: tuple[Dimension, ...]) -> str:
    leaves = registry.leaves(item, names[:1])
    divided = [leaf for leaf in leaves if set(names) & leaf.groups.keys() and not _is_undivided(leaf)]
    read = "".join(f"rows_{leaf.key} as materialized ({_leaf_by(leaf, names)}), " for leaf in divided)
    members = " union ".join(f"select member from rows_{leaf.key}" for leaf in divided)
    joins = " ".join(f"left join rows_{leaf.key} using (member)" for leaf in divided)
    values = ", ".join(_of_member(leaf, leaf in divided, names) for leaf in leaves)
    return f"""with {read} members as ({members}), i as (select member, {values} from members {joins})
    select i.member, {rendered(item, names[:1])} as value from i"""


def _of_member(leaf: Leaf, is_divided: bool, names: tuple[Dimension, ...]) -> str:
    if _is_undivided(leaf):
        return f"(select clique.{leaf.key}(:start, :end)) as {leaf.key}"
    if not is_divided:
        return f"null::numeric as {leaf.key}"
    nothing = "0" if isinstance(leaf, Total) else "null" if leaf.of_nothing is None else leaf.of_nothing
    has = f":dimension in ({_listed(name for name in names if name in leaf.groups)})"
    missing = f"case when rows_{leaf.key}.member is null then {nothing} else rows_{leaf.key}.value end"
    return f"case when {has} and (select {known(leaf)}) then {missing} end as {leaf.key}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


# formulas


def _rendered(node: ast.expr, named: Callable[[str], str]) -> str:
    if isinstance(node, ast.Name):
        return named(node.id)
    if isinstance(node, ast.Constant):
        return f"{node.value}::numeric"
    assert isinstance(node, ast.BinOp)
    left, right = _rendered(node.left, named), _rendered(node.right, named)
    if isinstance(node.op, ast.Div):
        return f"({left} / nullif({right}, 0))"
    return f"({left} {_SIGNS[type(node.op)]} {right})"


_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
