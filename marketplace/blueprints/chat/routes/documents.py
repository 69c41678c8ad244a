"""Gathers the events of all namespaces for the AsyncAPI document."""

from collections.abc import Iterator

from flask import Flask

from marketplace.realtime.outgoing import DECLARED
from marketplace.realtime.publish import NAMESPACE
from marketplace.realtime.setup import namespaces_of
from marketplace.web.openapi.asyncapi import SocketEvent, asyncapi_blueprint


def socket_events(app: Flask) -> Iterator[SocketEvent]:
    """What clients may send to `app`, then what it sends to them."""
    for namespace in namespaces_of(app):
        for item in namespace.events.values():
            yield SocketEvent(
                namespace.namespace,
                item.name,
                item.schema,
                item.ack,
                from_client=True,
                description=item.description,
            )
    # By name: they were declared in the order of imports, which differs from program to program.
    for _, declared in sorted(DECLARED.items()):
        yield SocketEvent(
            NAMESPACE,
            declared.name,
            declared.schema,
            None,
            from_client=False,
            description=declared.description,
        )


blueprint = asyncapi_blueprint(socket_events)
