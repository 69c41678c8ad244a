"""Schemathesis: whatever is sent to any operation, by whomever, is answered as the document says."""

from collections.abc import Callable

import pytest
import schemathesis
from flask import Flask
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.config._checks import NegativeDataRejectionConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response

from marketplace.models import User
from marketplace.testing import START, Factory

MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
CASES = 24
"""How many requests each operation gets from each caller, spread over all that Schemathesis thinks of."""

TOLERATED = {f"#/components/parameters/{name}" for name in ("AcceptLanguage", "RequestId", "IfNoneMatch")}
"""Headers of which no value is refused: what cannot be used is as if it were not there."""

REFUSED = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    negative_data_rejection,
]


@pytest.fixture
def cases(app: Flask) -> dict[str, list[Case]]:
    """The requests by operation, the same in every run."""
    config = SchemathesisConfig(
        seed=1,
        projects=ProjectsConfig(
            default=ProjectConfig(
                checks=ChecksConfig(
                    negative_data_rejection=NegativeDataRejectionConfig(expected_statuses=REFUSED)
                )
            )
        ),
    )
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=config)
    for item in schema.raw_schema["paths"].values():
        for method in item.keys() & {"get", "post", "put", "patch", "delete"}:
            parameters = item[method].get("parameters", [])
            item[method]["parameters"] = [one for one in parameters if one.get("$ref") not in TOLERATED]
    generation = GenerationConfig(modes=MODES, deterministic=True)
    found = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        made = list(
            schema.iter_coverage_cases(operation, generation_modes=MODES, generation_config=generation)
        )
        found[operation.label] = made[:: max(1, -(-len(made) // CASES))]
    return found


@pytest.fixture
def rows(make: Factory) -> dict[str, int]:
    """A row for each kind of id that paths have, so that good requests get past the first 404."""
    service = make.service()
    order = make.order(service=service, status="completed", completed_at=START)
    return {
        "service_id": service.id,
        "performer_id": service.performer_id,
        "category_id": service.category_id,
        "order_id": order.id,
        "review_id": make.review(order).id,
    }


def problems_of(case: Case, headers: dict[str, str], rows: dict[str, int]) -> list[str]:
    """Send `case`, to a row that is there unless its path is meant to be wrong; what is wrong with the answer."""
    ids = {key: rows[key] for key, value in case.path_parameters.items() if value == 1 and key in rows}
    case.path_parameters.update(ids)
    try:
        response = case.call(headers=headers)
        assert isinstance(response, Response)
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        return [
            f"{case.method} {case.formatted_path} {case.query} {case.body!r:.200} -> {response.status_code}"
            f" {response.content[:200]!r}: {failure.title}: {failure.message}"
            for failure in group.exceptions
        ]
    finally:
        # The next caller's rows are others.
        case.path_parameters.update(dict.fromkeys(ids, 1))
    return []


@pytest.mark.parametrize("caller", ["anonymous", "customer", "admin"])
def test_answers_are_as_documented(
    caller: str,
    cases: dict[str, list[Case]],
    rows: dict[str, int],
    make: Factory,
    auth: Callable[[User], dict[str, str]],
) -> None:
    user = {"anonymous": None, "customer": make.user(), "admin": make.staff("admin")}[caller]
    wrong = []
    for some in cases.values():
        # Signed in anew for each operation: one of them ends the session.
        headers = auth(user) if user is not None else {}
        for case in some:
            wrong += problems_of(case, headers, rows)
    assert sum(map(len, cases.values())) > 1_000
    assert not wrong, f"{len(wrong)} answers are wrong:\n" + "\n".join(wrong[:20])
