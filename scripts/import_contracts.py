"""A contract for import-linter that it does not bring along: other domains come in by one door."""

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.application import contract_utils


class OneDoor(Contract):
    """From another domain, a domain imports modules of `doors` only (with what is below them).

    `domains` is the package whose children are the domains. A door is open to all, as `public`, or only to
    some modules of a domain, as `schemas for routes, schemas`.
    """

    type_name = "one_door"

    domains = fields.ModuleField()
    doors = fields.ListField(subfield=fields.StringField())
    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - the base asks for it
        """Every direct import that goes round the doors."""
        unmatched = contract_utils.remove_ignored_imports_and_report(
            graph=graph,
            ignore_imports=self.ignore_imports or set(),  # type: ignore[arg-type]  # fields are descriptors
            unmatched_alerting=contract_utils.AlertLevel.ERROR,
        )
        root: str = self.domains.name  # type: ignore[attr-defined]  # likewise
        links = sorted(
            (importer, imported)
            for domain in graph.find_children(root)
            for imported in (domain, *graph.find_descendants(domain))
            for importer in graph.find_modules_that_directly_import(imported)
            if importer.startswith(f"{root}.")
            and not f"{importer}.".startswith(f"{domain}.")
            and not self._is_open(imported.removeprefix(domain), importer.removeprefix(f"{root}."))
        )
        return ContractCheck(kept=not links, warnings=unmatched.warnings, metadata={"links": links})

    def _is_open(self, imported: str, importer: str) -> bool:
        """Whether `.schemas` of one domain is open to `catalog.routes.own` of another."""
        room, user = f"{imported}.".split(".")[1], f"{importer}.".split(".")[1]
        for line in self.doors:  # type: ignore[attr-defined]  # likewise
            door, _, users = line.partition(" for ")
            if room == door and (not users or user in users.split(", ")):
                return True
        return False

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line an import."""
        links: list[tuple[str, str]] = check.metadata["links"]
        for importer, imported in links:
            output.print_error(f"{importer} -> {imported}", bold=False)
        output.print_error(f"Import only these of another domain: {self._names()}.", bold=True)

    def _names(self) -> str:
        doors: Any = self.doors
        return ", ".join(doors)
