"""What a change of the documents means for clients: it breaks some of them, or it only adds.

Pure functions of two OpenAPI documents (`compare`) or two AsyncAPI documents (`compare_sockets`). What
clients send may be taken in a wider form, never in a narrower one; what they get may become narrower, never
wider.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Node = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
GROWING = frozenset({"ProblemCode"})
"""Enumerations of which clients know that values are added: an unknown one is read by its status."""
LEAVING = frozenset({"Deprecation", "Sunset"})
"""Headers that say an operation is retired: without them it stays."""
UPPER = {
    "maxLength": "characters at most", "maxItems": "items at most", "maxProperties": "keys at most",
    "maximum": "at most", "exclusiveMaximum": "below",
}  # fmt: skip
LOWER = {
    "minLength": "characters at least", "minItems": "items at least", "minProperties": "keys at least",
    "minimum": "at least", "exclusiveMinimum": "above",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One difference, as a sentence."""

    where: str
    what: str
    breaking: bool

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def compare(old: Node, new: Node) -> list[Change]:
    """The changes from one OpenAPI document to another; breaking ones first."""
    return _ordered(_Comparison(old, new).operations())


def compare_sockets(old: Node, new: Node) -> list[Change]:
    """The changes from one AsyncAPI document to another; breaking ones first."""
    return _ordered(_Comparison(old, new).events())


def _ordered(found: Iterator[Change]) -> list[Change]:
    return sorted(dict.fromkeys(found), key=lambda change: not change.breaking)


def resolve(document: Node, node: Node) -> Node:
    """What a `$ref` leads to; what stands beside it counts too."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def problem_codes(answer: Node) -> set[str]:
    """The codes of an answer that is a problem: the names of its examples."""
    found: set[str] = set()
    for kind, content in answer.get("content", {}).items():
        if kind.startswith("application/problem"):
            found |= set(content.get("examples", {}))
    return found


@dataclass
class _Comparison:
    old: Node
    new: Node
    seen: set[tuple[str, str, bool]] = field(default_factory=set)

    # Operations

    def operations(self) -> Iterator[Change]:
        before, after = _by_operation(self.old), _by_operation(self.new)
        for name, (path, operation) in before.items():
            if name not in after:
                yield Change(name, "is gone", breaking=True)
            else:
                yield from self._operation(name, (path, operation), after[name])
        for name in after.keys() - before.keys():
            yield Change(name, "is new", breaking=False)

    def _operation(self, name: str, old: tuple[Node, Node], new: tuple[Node, Node]) -> Iterator[Change]:
        before, after = old[1], new[1]
        if before.get("operationId") != after.get("operationId"):
            what = f"operationId is `{after.get('operationId')}`, `{before.get('operationId')}` before"
            yield Change(name, what, breaking=True)
        if after.get("deprecated") and not before.get("deprecated"):
            yield Change(name, "is deprecated", breaking=False)
        asked = [_needs_token(self.old, before), _needs_token(self.new, after)]
        if asked[0] != asked[1]:
            what = "needs an access token" if asked[1] else "needs no access token any more"
            yield Change(name, what, breaking=asked[1])
        yield from self._parameters(name, old, new)
        yield from self._body(name, before.get("requestBody"), after.get("requestBody"))
        yield from self._answers(name, before.get("responses", {}), after.get("responses", {}))

    def _parameters(self, name: str, old: tuple[Node, Node], new: tuple[Node, Node]) -> Iterator[Change]:
        before, after = _parameters(self.old, *old), _parameters(self.new, *new)
        for key, one in before.items():
            where = f"{name}, {key[0]} parameter `{key[1]}`"
            if key not in after:
                yield Change(where, "is gone", breaking=True)
                continue
            other = after[key]
            yield from _necessity(where, one.get("required", False), other.get("required", False))
            for style in ("style", "explode"):
                if one.get(style) != other.get(style):
                    yield Change(where, f"is written in another way (`{style}`)", breaking=True)
            yield from self.schemas(where, one.get("schema", {}), other.get("schema", {}), sent=True)
        for key in after.keys() - before.keys():
            needed = after[key].get("required", False)
            what = "is new, and required" if needed else "is new"
            yield Change(f"{name}, {key[0]} parameter `{key[1]}`", what, breaking=needed)

    def _body(self, name: str, old: Node | None, new: Node | None) -> Iterator[Change]:
        where = f"{name}, request body"
        if old is None or new is None:
            if new is not None:
                needed = resolve(self.new, new).get("required", False)
                yield Change(where, "is new, and required" if needed else "is new", breaking=needed)
            elif old is not None:
                yield Change(where, "is gone", breaking=True)
            return
        before, after = resolve(self.old, old), resolve(self.new, new)
        yield from _necessity(where, before.get("required", False), after.get("required", False))
        yield from self._contents(where, before.get("content", {}), after.get("content", {}), sent=True)

    def _answers(self, name: str, old: Node, new: Node) -> Iterator[Change]:
        for status, one in old.items():
            where = f"{name}, answer {status}"
            if status not in new:
                yield Change(where, "is gone", breaking=True)
                continue
            before, after = resolve(self.old, one), resolve(self.new, new[status])
            for code in sorted(problem_codes(before) - problem_codes(after)):
                yield Change(where, f"the code `{code}` is gone", breaking=True)
            for code in sorted(problem_codes(after) - problem_codes(before)):
                yield Change(where, f"the code `{code}` is new", breaking=False)
            for header in sorted(before.get("headers", {}).keys() - after.get("headers", {}).keys()):
                yield Change(where, f"the header `{header}` is gone", breaking=header not in LEAVING)
            for header in sorted(after.get("headers", {}).keys() - before.get("headers", {}).keys()):
                yield Change(where, f"the header `{header}` is new", breaking=False)
            yield from self._contents(where, before.get("content", {}), after.get("content", {}), sent=False)
        for status in new.keys() - old.keys():
            # Who asks for 201 does not know what to do with a 202; an error is an error.
            yield Change(f"{name}, answer {status}", "is new", breaking=str(status).startswith("2"))

    def _contents(self, where: str, old: Node, new: Node, *, sent: bool) -> Iterator[Change]:
        for kind, content in old.items():
            if kind not in new:
                yield Change(where, f"`{kind}` is gone", breaking=True)
                continue
            schemas = content.get("schema", {}), new[kind].get("schema", {})
            yield from self.schemas(f"{where}, {kind}", *schemas, sent=sent)
        for kind in new.keys() - old.keys():
            # What is sent may be of more types; what comes back is of the type that was asked for, or of any.
            yield Change(where, f"`{kind}` is new", breaking=not sent and bool(old))

    # Events

    def events(self) -> Iterator[Change]:
        before, after = _by_event(self.old), _by_event(self.new)
        for name, (sent, payload, ack) in before.items():
            if name not in after:
                yield Change(name, "is gone", breaking=True)
                continue
            _, payload_after, ack_after = after[name]
            yield from self.schemas(name, payload, payload_after, sent=sent)
            if ack is not None:
                yield from self.schemas(f"{name}, ack", ack, ack_after or {}, sent=False)
        for name in after.keys() - before.keys():
            yield Change(name, "is new", breaking=False)

    # Schemas

    def schemas(self, where: str, old: Any, new: Any, *, sent: bool) -> Iterator[Change]:
        """What changes for who sends, or gets, values of a schema."""
        one, other = _view(self.old, old), _view(self.new, new)
        if one.null != other.null:
            what = "may be null" if other.null else "is never null"
            yield Change(where, what, breaking=other.null != sent)
        if one.name is not None and other.name is not None:
            # A component is compared once, wherever it is used.
            if (one.name, other.name, sent) in self.seen:
                return
            self.seen.add((one.name, other.name, sent))
            where = f"{one.name} ({'sent' if sent else 'received'})"
        before, after = one.schema, other.schema
        yield from self._alternatives(where, before, after, sent=sent)
        yield from self._types(where, before, after, sent=sent)
        if not GROWING.intersection(filter(None, (one.name, other.name))):
            yield from _enumerations(where, before, after, sent=sent)
        yield from _formats(where, before, after, sent=sent)
        if sent:
            yield from _limits(where, before, after)
        yield from self._properties(where, before, after, sent=sent)
        if isinstance(before.get("items"), dict) and isinstance(after.get("items"), dict):
            yield from self.schemas(f"{where}, items", before["items"], after["items"], sent=sent)
        yield from self._other_keys(where, before, after, sent=sent)

    def _types(self, where: str, before: Node, after: Node, *, sent: bool) -> Iterator[Change]:
        kinds = self._kinds(self.old, before), self._kinds(self.new, after)
        if sent:
            lost = {kind for kind in kinds[0] if not _covers(kinds[1], kind)}
            gained = {kind for kind in kinds[1] if not _covers(kinds[0], kind)}
        else:
            lost = {kind for kind in kinds[1] if not _covers(kinds[0], kind)}
            gained = {kind for kind in kinds[0] if not _covers(kinds[1], kind)}
        for kind in sorted(lost):
            yield Change(where, f"may {'not' if sent else 'now'} be {kind}", breaking=True)
        for kind in sorted(gained):
            yield Change(where, f"may {'now' if sent else 'not'} be {kind}", breaking=False)

    def _kinds(self, document: Node, schema: Node) -> set[str]:
        """The JSON types that fit; all of them for a schema that names none."""
        named = schema.get("type")
        if named is not None:
            return {named} if isinstance(named, str) else set(named)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return set().union(
                    *(self._kinds(document, _view(document, one).schema) for one in schema[key])
                )
        if "properties" in schema:
            return {"object"}
        return set() if "allOf" in schema or "enum" in schema or "const" in schema else {"anything"}

    def _alternatives(self, where: str, before: Node, after: Node, *, sent: bool) -> Iterator[Change]:
        """Each alternative is compared with that of the same name, else of the same place."""
        parts = [_several(schema) for schema in (before, after)]
        if not any(parts):
            return
        if not all(parts):
            # A schema that has become one of several, or the other way round.
            parts = [some or [schema] for some, schema in zip(parts, (before, after), strict=True)]
        named = [
            {_name(one) or f"{one.get('type', 'any')} at {place}": one for place, one in enumerate(some, 1)}
            for some in parts
        ]
        for name in named[0].keys() & named[1].keys():
            yield from self.schemas(where, named[0][name], named[1][name], sent=sent)
        for name in named[0].keys() - named[1].keys():
            yield Change(where, f"the alternative {name} is gone", breaking=sent)
        for name in named[1].keys() - named[0].keys():
            yield Change(where, f"the alternative {name} is new", breaking=not sent)

    def _properties(self, where: str, before: Node, after: Node, *, sent: bool) -> Iterator[Change]:
        old, new = before.get("properties", {}), after.get("properties", {})
        needed = set(before.get("required", [])), set(after.get("required", []))
        for name, one in old.items():
            place = f"{where}, `{name}`"
            if name not in new:
                # Unknown keys are refused, so that what is sent must stay too.
                yield Change(place, "is gone", breaking=True)
                continue
            if sent:
                yield from _necessity(place, name in needed[0], name in needed[1])
            elif name in needed[0] and name not in needed[1]:
                yield Change(place, "may be missing", breaking=True)
            elif name in needed[1] and name not in needed[0]:
                yield Change(place, "is always there", breaking=False)
            yield from self.schemas(place, one, new[name], sent=sent)
        for name in new.keys() - old.keys():
            required = sent and name in needed[1]
            what = "is new, and required" if required else "is new"
            yield Change(f"{where}, `{name}`", what, breaking=required)

    def _other_keys(self, where: str, before: Node, after: Node, *, sent: bool) -> Iterator[Change]:
        old, new = before.get("additionalProperties", True), after.get("additionalProperties", True)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self.schemas(f"{where}, values", old, new, sent=sent)
        elif sent and old is not False and new is False and "object" in self._kinds(self.old, before):
            yield Change(where, "takes no other keys any more", breaking=True)


def _by_operation(document: Node) -> dict[str, tuple[Node, Node]]:
    """`GET /path` -> (path item, operation)."""
    return {
        f"{method.upper()} {path}": (item, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    }


def _by_event(document: Node) -> dict[str, tuple[bool, Node, Node | None]]:
    """Event -> (whether clients emit it, payload, ack)."""
    found = {}
    for operation in document["operations"].values():
        message = resolve(document, operation["messages"][0])
        channel = resolve(document, operation["channel"])
        sent = operation["action"] == "receive"
        reply = operation.get("reply")
        ack = resolve(document, reply["messages"][0])["payload"] if reply else None
        who = "emitted" if sent else "heard"
        found[f"{channel['address']} {message['name']} ({who})"] = (sent, message["payload"], ack)
    return found


def _parameters(document: Node, item: Node, operation: Node) -> dict[tuple[str, str], Node]:
    both = [*item.get("parameters", []), *operation.get("parameters", [])]
    return {(one["in"], one["name"]): one for one in (resolve(document, some) for some in both)}


def _needs_token(document: Node, operation: Node) -> bool:
    wanted = operation.get("security", document.get("security", []))
    return bool(wanted) and {} not in wanted


def _necessity(where: str, before: bool, after: bool) -> Iterator[Change]:
    if after and not before:
        yield Change(where, "is required", breaking=True)
    elif before and not after:
        yield Change(where, "may be left out", breaking=False)


@dataclass(frozen=True)
class _View:
    """A schema without the wrappings that say nothing; `name` is that of its component."""

    name: str | None
    schema: Node
    null: bool


def _view(document: Node, schema: Any) -> _View:
    if isinstance(schema, bool):
        return _View(None, {}, null=False)
    parts = _several(schema)
    wrapped = schema.get("allOf", []) if "allOf" in schema else parts
    if len(wrapped) == 1:
        inner = _view(document, wrapped[0])
        return _View(inner.name, inner.schema, inner.null or _has_null(schema))
    found = dict(resolve(document, schema))
    name = _name(schema)
    if "$ref" in schema and (len(found.get("allOf", [])) == 1 or len(_several(found)) == 1):
        inner = _view(document, found)
        return _View(name, inner.schema, inner.null)
    null = _has_null(found)
    if isinstance(found.get("type"), list):
        found["type"] = [kind for kind in found["type"] if kind != "null"]
    if "enum" in found:
        found["enum"] = [value for value in found["enum"] if value is not None]
    return _View(name, found, null)


def _several(schema: Node) -> list[Node]:
    """The alternatives of a schema, without null."""
    return [one for one in schema.get("anyOf", schema.get("oneOf", [])) if one.get("type") != "null"]


def _has_null(schema: Node) -> bool:
    parts = schema.get("anyOf", schema.get("oneOf", []))
    return "null" in (schema.get("type") or []) or any(one.get("type") == "null" for one in parts)


def _name(schema: Node) -> str | None:
    """The name of the component that a schema refers to."""
    name: str | None = schema["$ref"].rpartition("/")[2] if "$ref" in schema else None
    return name


def _covers(kinds: set[str], kind: str) -> bool:
    return kind in kinds or "anything" in kinds or (kind == "integer" and "number" in kinds) or not kinds


def _values(schema: Node) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _enumerations(where: str, before: Node, after: Node, *, sent: bool) -> Iterator[Change]:
    old, new = _values(before), _values(after)
    if old is None and new is None:
        return
    if old is None or new is None:
        # What is sent may become free; what is received may become one of few.
        narrower = old is None
        what = "is one of few values" if narrower else "may be any value"
        yield Change(where, what, breaking=narrower == sent)
        return
    for value in old:
        if value not in new:
            yield Change(where, f"the value {value!r} is gone", breaking=sent)
    for value in new:
        if value not in old:
            yield Change(where, f"the value {value!r} is new", breaking=not sent)


def _formats(where: str, before: Node, after: Node, *, sent: bool) -> Iterator[Change]:
    """What cannot be weighed: any other pattern or format may refuse what was taken."""
    for key in ("format", "pattern", "multipleOf"):
        old, new = before.get(key), after.get(key)
        if old == new or (key != "format" and not sent):
            continue
        gone, added = new is None, old is None
        what = f"has no {key} any more" if gone else f"has {'a' if added else 'another'} {key}"
        breaking = not gone if sent else not added
        yield Change(where, what, breaking=breaking)


def _limits(where: str, before: Node, after: Node) -> Iterator[Change]:
    for limits, tighter in ((UPPER, lambda old, new: new < old), (LOWER, lambda old, new: new > old)):
        for key, words in limits.items():
            old, new = before.get(key), after.get(key)
            if old == new:
                continue
            said = f"takes {words} {new}" if new is not None else f"has no {key} any more"
            then = f", {old} before" if old is not None and new is not None else ""
            narrower = new is not None and (old is None or tighter(old, new))
            # Nothing is shorter than nothing.
            trivial = new == 0 and old is None and key in {"minLength", "minItems", "minProperties"}
            yield Change(where, f"{said}{then}", breaking=narrower and not trivial)
    if after.get("uniqueItems") and not before.get("uniqueItems"):
        yield Change(where, "takes no item twice", breaking=True)
    if "default" in before and before.get("default") != after.get("default"):
        yield Change(where, f"stands for {after.get('default')!r} when it is left out", breaking=True)
