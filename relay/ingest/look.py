"""What one look has shown so far."""

from dataclasses import dataclass, field

SKIPPED_NAMED = 20


@dataclass(kw_only=True)
class Look:
    """`seen` has the jobs of its lists with the status they gave, but those that ended long ago.

    `doubts` are to be asked by id, in their order; `unanswered` could not be. `date`: the API's time of
    the first answer. `requests` counts those that failed, too.
    """

    after_outage: bool = False
    seen: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, None] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    newest: str = ""
    date: float | None = None
    requests: int = 0
    pages: int = 0
    items: int = 0
    changes: int = 0
    undecodable: list[str] = field(default_factory=list)

    def skipped(self, names: tuple[str, ...]) -> None:
        self.undecodable.extend(names[: max(0, SKIPPED_NAMED - len(self.undecodable))])
