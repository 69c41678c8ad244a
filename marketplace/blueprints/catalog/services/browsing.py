"""Public reads of the tree of categories."""

from collections.abc import Collection, Iterable, Sequence

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.ports.categories import CategoryNode, CategoryRepository, CategoryRow
from marketplace.kernel.errors import NotFound


def build_tree(
    rows: Sequence[CategoryRow], language: str, keep: set[int] | None = None
) -> list[CategoryNode]:
    """The tree of `rows`, each level in the order of `rows`; categories below a missing row are left out.
    With `keep`, only those and their ancestors are in it.
    """
    parents = {row.id: row.parent_id for row in rows}
    if keep is not None:
        wanted: set[int] = set()
        for category_id in keep:
            current: int | None = category_id
            while current in parents and current not in wanted:
                wanted.add(current)
                current = parents[current]
        rows = [row for row in rows if row.id in wanted]
    nodes = {row.id: CategoryNode(row.id, row.slug, policies.local_name(row.names, language)) for row in rows}
    roots = []
    for row in rows:
        if row.parent_id is None:
            roots.append(nodes[row.id])
        elif row.parent_id in nodes:
            nodes[row.parent_id].children.append(nodes[row.id])
    return roots


def _find(nodes: Iterable[CategoryNode], category_id: int) -> CategoryNode | None:
    for node in nodes:
        found = node if node.id == category_id else _find(node.children, category_id)
        if found is not None:
            return found
    return None


class BrowsingService:
    """The tree of categories, and which categories exist."""

    def __init__(self, categories: CategoryRepository) -> None:
        self._categories = categories

    def category_tree(self, language: str, city_id: int | None) -> list[CategoryNode]:
        """The active categories, named in `language`; with `city_id` only those with performers there."""
        keep = None if city_id is None else self._categories.ids_in_city(city_id)
        return build_tree(self._categories.list_active(), language, keep)

    def get_category(self, slug: str, language: str) -> CategoryNode:
        """The active category that has or had the slug, with the categories below it. Raises NotFound."""
        category_id = self._categories.find_by_slug(slug) if policies.is_slug(slug) else None
        found = None if category_id is None else _find(self.category_tree(language, None), category_id)
        if found is None:
            raise NotFound
        return found

    def missing_categories(self, ids: Collection[int]) -> set[int]:
        """Those of `ids` that are not active categories."""
        return set(ids) - self._categories.existing(sorted(set(ids))) if ids else set()
