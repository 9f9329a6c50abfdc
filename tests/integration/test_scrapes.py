"""The metrics page under a storm: counted, because what it costs in time is a matter of machines.

`python -m tests.support.scrape_bench` measures that.
"""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.mesh_shop import PAGE
from tests.support.mesh_shop_process import ShopProcess
from tests.support.scrapers import FORMATS, scrape

pytestmark = pytest.mark.integration

SECONDS = 5.0
FRESH_SECONDS = 1.0


@pytest.fixture(scope="module")
def shop() -> Iterator[ShopProcess]:
    """Give a marketplace without a backend: its page has what is to be scraped."""
    with ShopProcess() as started:
        started.get(PAGE)
        yield started


def test_twenty_scrapers_make_one_page_a_second(shop: ShopProcess) -> None:
    """Twenty that ask again at once, ten for each format, for five seconds: all are served.

    The page shows the CPU seconds of its own process, so two pages that were rendered at different
    times differ, and different pages count the renderings.
    """
    begun = time.monotonic()
    storm = scrape(shop.host, shop.metrics_port, SECONDS)
    renderings = Counter(accept for accept, _page in storm.pages)
    most = (time.monotonic() - begun) / FRESH_SECONDS + 1

    assert {200} == storm.statuses.keys()
    assert storm.statuses[200] > 2 * renderings.total()
    assert set(FORMATS) == renderings.keys()
    assert most >= max(renderings.values())


def test_a_storm_leaves_a_fresh_page(shop: ShopProcess) -> None:
    """What happens during a storm is on the page a second later."""
    before = visits(shop)
    scrape(shop.host, shop.metrics_port, FRESH_SECONDS)
    for _ in range(5):
        shop.get(PAGE)
    time.sleep(FRESH_SECONDS * 1.1)

    assert before + 5 == visits(shop)


def visits(shop: ShopProcess) -> float:
    """Return how often the page was shown, as the metrics say."""
    _status, page = shop.get("/metrics", shop.metrics_port)
    (line,) = (
        line
        for line in page.splitlines()
        if line.startswith('http_server_freshness_total{freshness="builtin",http_route="/"}')
    )
    return float(line.rpartition(" ")[2])
