"""What can be done: a dead delivery is sent again, a destination is tried."""

from relay.deliver import sample
from relay.errors import DeliveryFailed
from relay.web.api import models, one
from relay.web.api.lists import Names
from relay.web.problems import Problem
from relay.web.view import View


async def retry(view: View, _query: models.Query, names: Names) -> models.DeliveryWhole:
    """The same message under the same id, with all its time once more."""
    row = await one.known(view, names["id"])
    now = view.clock.now()
    end = now + view.config.give_up_after(row["destination"])
    if not await view.store.retry(give_up_at={row["id"]: end}, now=now):
        raise Problem(409, f"it is {row['state']}: only what is dead can be retried")
    view.courier.wake()
    return one.whole(await one.known(view, names["id"]))


async def test(view: View, _query: models.Query, names: Names) -> models.Sent:
    """What the destination says, whichever way it goes; nothing is kept of it."""
    name = names["name"]
    if name not in view.courier.lanes:
        raise Problem(404, f"there is none of this name; there are: {', '.join(view.courier.lanes)}"[:500])
    lane = view.courier.lanes[name]
    try:
        receipt = await lane.sender.send(sample(name, view.config.relay, view.clock.now()))
    except DeliveryFailed as failure:
        return models.Sent(delivered=False, status=failure.status, reason=failure.reason)
    return models.Sent(delivered=True, status=receipt.status)
