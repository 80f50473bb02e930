import pytest
from office import Office, SlowDisk
from virtual import Inline, VirtualLoop


def pytest_asyncio_loop_factories():
    return {"virtual": VirtualLoop}


@pytest.fixture(params=[Inline, SlowDisk])
async def office(request, tmp_path):
    """On a disk that answers at once, and on one that takes its time."""
    office = Office(tmp_path / "relay.db", request.param())
    yield office
    await office.store.close()


@pytest.fixture
async def quick_office(tmp_path):
    """Where times are to be exact."""
    office = Office(tmp_path / "relay.db")
    yield office
    await office.store.close()
