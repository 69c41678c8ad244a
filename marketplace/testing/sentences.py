"""Finds the sentences of a package that clients can be told, and compares them with its catalogs."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from marketplace.kernel.errors import AppError
from marketplace.web.catalogs import LOCALES, read_catalog
from marketplace.web.language import ENGLISH, LANGUAGES

_PLACEHOLDER = re.compile(r"\{(\w+)")
_MESSAGES = {"default_error_messages", "error_messages"}

Called = dict[str, slice]
"""Names of functions and classes whose arguments are sentences, and which arguments."""


def missing_translations(package: Path, locales: Path, called: Called | None = None) -> list[str]:
    """What the catalogs in `locales` lack of the sentences of `package`, or hold beyond them; a line each.

    Sentences are titles and remedies of error classes, details given to them, messages given to
    ValidationError, `error_messages` of fields, and every `Text(...)`; `called` names further functions.
    What the program says too is translated by the program. A translation has the placeholders of its
    sentence.
    """
    found = sentences_of(package, called)
    lines = []
    for language in sorted(set(LANGUAGES) - {ENGLISH}):
        catalog, ours = (
            read_catalog(folder / language / "LC_MESSAGES" / "messages.po") for folder in (locales, LOCALES)
        )
        missing = found - catalog.keys() - ours.keys()
        lines += [f"{language}: not translated: {sentence}" for sentence in sorted(missing)]
        lines += [f"{language}: nobody says: {sentence}" for sentence in sorted(catalog.keys() - found)]
        lines += [
            f"{language}: other placeholders: {sentence}"
            for sentence, translation in sorted(catalog.items())
            if placeholders(sentence) != placeholders(translation)
        ]
    return lines


def placeholders(sentence: str) -> set[str]:
    """The names in braces."""
    return set(_PLACEHOLDER.findall(sentence))


def sentences_of(package: Path, called: Called | None = None) -> set[str]:
    """The sentences that the code in the folder `package` holds. Raises TypeError for an f-string in the
    place of one: nobody can translate it.
    """
    ours = {AppError.__module__.partition(".")[0], package.name}
    kinds = (kind for kind in _subclasses(AppError) if kind.__module__.partition(".")[0] in ours)
    names: Called = {kind.__name__: slice(1) for kind in kinds}
    names |= {"Text": slice(1), "ValidationError": slice(1), **(called or {})}
    found: set[str] = set()
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for part in _parts(node, names):
                if isinstance(part, ast.JoinedStr):
                    raise TypeError(f"{path}:{part.lineno}: make this f-string a Text, with its values")
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                    found.add(part.value)
    return found


def _parts(node: ast.AST, names: Called) -> Iterator[ast.expr]:
    match node:
        case ast.ClassDef(body=body):
            values = dict(filter(None, map(_assigned, body)))
            if "code" in values:
                yield from (values[name] for name in ("title", "remedy") if name in values)
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ) if name in _MESSAGES:
            yield from _leaves([value])
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
            wanted = args[names[name]] if name in names else []
            yield from _leaves(wanted)
            if name in names and name != "Text":
                yield from _leaves(one.value for one in keywords if one.arg in {"errors", "detail"})
            yield from _leaves(one.value for one in keywords if one.arg in _MESSAGES)


def _assigned(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
    return None


def _leaves(nodes: Iterable[ast.expr | None]) -> Iterator[ast.expr]:
    """What stands in the place of a message: keys of dicts are none."""
    for node in nodes:
        match node:
            case (
                ast.Dict(values=inner)
                | ast.List(elts=inner)
                | ast.Tuple(elts=inner)
                | ast.BoolOp(values=inner)
            ):
                yield from _leaves(inner)
            case ast.IfExp(body=body, orelse=orelse):
                yield from _leaves([body, orelse])
            case ast.DictComp(value=value):
                yield from _leaves([value])
            case ast.expr():
                yield node


def _subclasses(kind: type[AppError]) -> Iterator[type[AppError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
