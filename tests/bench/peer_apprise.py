"""Run by the peers' Python: so many notifications by Apprise, from a pool of threads.

`peer_apprise.py URL FOLDER NOTIFICATIONS WORKERS`
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import local
from urllib.parse import urlsplit

import apprise

url, _, count, workers = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
kept = local()


def notify(n):
    if not hasattr(kept, "apprise"):
        kept.apprise = apprise.Apprise()
        kept.apprise.add(f"json://{urlsplit(url).netloc}/")
    assert kept.apprise.notify(title="parse.failed", body=f"pjb-{n}")


sys.stdout.write(f"{time.time()}\n")
with ThreadPoolExecutor(workers) as pool:
    list(pool.map(notify, range(count)))
