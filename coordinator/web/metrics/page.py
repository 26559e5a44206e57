"""`GET /metrics`: for Prometheus, by the admin's token or from the networks that the admin named."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.settings import Network
from coordinator.status.collectors import Collectors
from coordinator.status.snapshot import Snapshot
from coordinator.web.addresses import UntrustedProxyError, client_address
from coordinator.web.admin.token import AdminToken
from coordinator.web.metrics.families import Families
from coordinator.web.status import refuse_bearer


class MetricsPage:
    """Answer a scrape."""

    def __init__(
        self,
        *,
        token: AdminToken,
        networks: Sequence[Network],
        trusted_proxies: Sequence[Network],
        snapshot: Callable[[], Snapshot],
        collectors: Collectors,
    ) -> None:
        self._token = token
        self._networks = networks
        self._trusted_proxies = trusted_proxies
        # Of its own: the default one would add what the library finds out about Python and the process.
        self._registry = CollectorRegistry()
        self._registry.register(Families(snapshot, collectors))

    @property
    def route(self) -> Route:
        """The route to mount on the public listener."""
        return Route("/metrics", self._metrics)

    async def _metrics(self, request: Request) -> Response:
        if not (self._is_near(request) or self._token.is_borne_by(request)):
            return refuse_bearer()
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._registry), headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    def _is_near(self, request: Request) -> bool:
        try:
            address = client_address(request, self._trusted_proxies)
        except UntrustedProxyError:
            return False
        return address is not None and any(address in network for network in self._networks)
