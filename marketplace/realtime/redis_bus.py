"""The bus over Redis, for many processes on many machines."""

from collections.abc import Iterator

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from marketplace.realtime.pubsub import CHANNEL, IDLE_SECONDS, TIMEOUT_SECONDS, BusError, BusManager

HEALTH_CHECK_SECONDS = 10


class RedisBusManager(BusManager):
    """python-socketio's own RedisManager waits up to a minute after an outage and tries twice before
    it gives up; this one is back within seconds and keeps to `TIMEOUT_SECONDS`.
    """

    name = "redis"

    def __init__(self, url: str) -> None:
        super().__init__()
        # A dropped connection is reopened once; a server that hangs is not asked twice.
        once = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        half = TIMEOUT_SECONDS / 2
        self._publisher = redis.Redis.from_url(
            url, socket_timeout=half, socket_connect_timeout=half, retry=once
        )
        self._subscriber = redis.Redis.from_url(
            url,
            socket_timeout=2.0,
            socket_connect_timeout=2.0,
            health_check_interval=HEALTH_CHECK_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def _send(self, message: str, deadline: float) -> None:  # noqa: ARG002 - the client has its own limits
        try:
            self._publisher.publish(CHANNEL, message)
        except redis.RedisError as error:
            raise BusError(str(error)) from error

    def _disconnect_publisher(self) -> None:
        self._publisher.close()

    def _receive(self) -> Iterator[str]:
        try:
            with self._subscriber.pubsub() as subscription:  # type: ignore[no-untyped-call]  # redis leaves it unannotated
                subscription.subscribe(CHANNEL)
                while not self._closing.is_set():
                    message = subscription.get_message(timeout=IDLE_SECONDS)
                    if message is None:
                        continue
                    if message["type"] == "subscribe":
                        self._subscribed()
                    elif message["type"] == "message":
                        yield message["data"].decode()
        except redis.RedisError as error:
            raise BusError(str(error)) from error
        finally:
            self._subscriber.close()
