"""Operations with one of a few words in their path: the document that is served names each by itself.

Clients see which words there are, and no path is like another one with other parameters.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Choices = Callable[[], Mapping[str, Mapping[str, Sequence[str]]]]
"""By word, the values that fields of the body may have there: `{"users": {"status": ("blocked",)}}`."""


def name_choices(document: dict[str, Any], choices: Mapping[str, tuple[str, Choices]]) -> dict[str, Any]:
    """`document` with a path for each word. `choices` has the parameter and its words by operation."""
    paths: dict[str, Any] = {}
    for path, item in document["paths"].items():
        found = next((choices[one] for one in _operation_ids(item) if one in choices), None)
        if found is None:
            paths[path] = item
            continue
        parameter, words = found
        for word, values in words().items():
            paths[path.replace(f"{{{parameter}}}", word)] = _for_word(item, parameter, word, values)
    return {**document, "paths": paths}


def _operation_ids(item: Mapping[str, Any]) -> Iterator[str]:
    return (one["operationId"] for one in item.values() if isinstance(one, dict) and "operationId" in one)


def _for_word(
    item: Mapping[str, Any], parameter: str, word: str, values: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(dict(item))
    made["parameters"] = [one for one in made.get("parameters", []) if one.get("name") != parameter]
    if not made["parameters"]:
        del made["parameters"]
    for operation in made.values():
        if not isinstance(operation, dict):
            continue
        operation["operationId"] += f"_{word}"
        for field, allowed in values.items():
            named = ", ".join(f"`{value}`" for value in allowed)
            operation["description"] += f"\n\nHere `{field}` is one of {named}."
            for media in operation.get("requestBody", {}).get("content", {}).values():
                if field in media.get("example", {}):
                    media["example"][field] = allowed[-1]
    return made
