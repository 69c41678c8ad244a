"""Sentences for people, kept with their values so that they can be translated."""

from typing import Any, Self


class Text(str):
    """An English sentence, made of a template and its values: `Text("Send at most {limit} files", limit=5)`.

    It is the English sentence in every respect. A catalog of translations is asked for the `template`; values
    that are themselves a Text are translated too. Without values the template is taken as it is, braces
    included.
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Self:
        self = super().__new__(cls, template.format(**values) if values else template)
        self.template = template
        self.values = values
        return self

    @classmethod
    def of(cls, sentence: str) -> "Text":
        """`sentence` itself when it is a Text already."""
        return sentence if isinstance(sentence, Text) else Text(sentence)
