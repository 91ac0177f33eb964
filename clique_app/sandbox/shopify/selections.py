"""What a selection of a GraphQL operation comes to once its fragments are followed."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode


def fields(
    selection: SelectionSetNode, type_name: str, fragments: Mapping[str, FragmentDefinitionNode]
) -> list[tuple[FieldNode, str]]:
    """The fields with the type they are selected on (fragments name another)."""
    found: list[tuple[FieldNode, str]] = []
    for node in selection.selections:
        if isinstance(node, FieldNode):
            found.append((node, type_name))
        elif isinstance(node, InlineFragmentNode):
            on = node.type_condition.name.value if node.type_condition else type_name
            found += fields(node.selection_set, on, fragments)
        elif isinstance(node, FragmentSpreadNode):
            fragment = fragments[node.name.value]
            found += fields(fragment.selection_set, fragment.type_condition.name.value, fragments)
    return found
