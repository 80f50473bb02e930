"""From page to page of a list that may change under the walker."""

from collections.abc import AsyncGenerator, Callable

from relay.sources.budget import Urgency
from relay.sources.client import Client, Params
from relay.sources.items import Page
from relay.sources.kinds import SourceSpec

PAGE_CAP = 10_000
_EMPTIES = 100  # pages without an item, one after the other, that lead nowhere
_ROUND = 50  # a first page of so many, or a multiple, may be a smaller limit that the server keeps to


class Walk:
    """`async for page in walk`, as far as the caller wants.

    `page.began` is the sequence from before its request. `whole` is true once the end was reached and nothing
    can have been missed on the way. `requests` counts those that failed before a page came, too. `offset`:
    where an offset walk begins, and then how far it came.
    """

    def __init__(
        self,
        client: Client,
        spec: SourceSpec,
        params: Params,
        *,
        sequence: Callable[[], int],
        urgency: Urgency = Urgency.LOOK,
        page_cap: int = PAGE_CAP,
        offset: int = 0,
    ) -> None:
        self._client = client
        self._spec = spec
        self._params = params
        self._sequence = sequence
        self._urgency = urgency
        self._page_cap = page_cap
        self.offset = offset
        self.whole = False
        self.pages = 0
        self.requests = 0

    def __aiter__(self) -> AsyncGenerator[Page, None]:  # noqa: PYI058 - it is closed by who breaks out
        return self._by_offset() if self._spec.kind.paging == "offset" else self._by_token()

    async def _by_token(self) -> AsyncGenerator[Page, None]:
        size = str(self._spec.asked_size)
        token, tokens, seen, empties = "", set[str](), set[str](), 0
        for _ in range(self._page_cap):
            page = await self._ask({"page_size": size, "page_token": token})
            yield page
            shown = _shown(page)
            # A token that comes again leads nowhere new, unless this page was new itself.
            if not page.token or page.token in tokens:
                self.whole = not page.token or shown <= seen
                return
            empties = 0 if shown else empties + 1
            if empties == _EMPTIES:
                return
            token = page.token
            tokens.add(token)
            seen |= shown

    async def _by_offset(self) -> AsyncGenerator[Page, None]:
        """Pages overlap by one item: one that shows nothing seen before says that the list has moved up."""
        size = self._spec.asked_size
        seen = set[str]()
        for _ in range(self._page_cap):
            page = await self._ask({"limit": str(size), "offset": str(self.offset)})
            yield page
            shown, count = _shown(page), len(page.items) + len(page.undecodable)
            if self.offset > 0 and (not shown or (seen and seen.isdisjoint(shown))):
                self.offset = max(0, self.offset - size + 1)
                continue
            if count < size and (count % _ROUND or shown <= seen):
                self.offset += count
                self.whole = True
                return
            seen |= shown
            self.offset += max(1, count - 1)

    async def _ask(self, place: Params) -> Page:
        began = self._sequence()
        self.requests += 1
        page = await self._client.list(self._spec, {**self._params, **place}, self._urgency)
        page.began = began
        self.pages += 1
        self.requests += page.requests - 1
        return page


def _shown(page: Page) -> set[str]:
    return {item.id for item in page.items} | set(page.undecodable)
