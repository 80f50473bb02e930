import pytest

from tests.render import samples


@pytest.fixture
def text():
    return samples.text
