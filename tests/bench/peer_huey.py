"""Run by the peers' Python: so many tasks into Huey's SQLite queue, and out of it by its own consumer.

`peer_huey.py URL FOLDER TASKS WORKERS`
"""

import sys
import time
from http.client import HTTPConnection
from threading import local
from urllib.parse import urlsplit

from huey import SqliteHuey

url, folder, tasks, workers = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
huey = SqliteHuey(filename=f"{folder}/huey.db", fsync=True, results=False)
kept = local()


@huey.task(retries=5)
def post(n):
    if not hasattr(kept, "http"):
        kept.http = HTTPConnection(urlsplit(url).netloc)
    kept.http.request("POST", "/", f'{{"job_id": "pjb-{n}"}}', {"Content-Type": "application/json"})
    kept.http.getresponse().read()


sys.stdout.write(f"{time.time()}\n")
sys.stdout.flush()
for n in range(tasks):
    post(n)
consumer = huey.create_consumer(
    workers=workers, worker_type="thread", initial_delay=0.01, max_delay=0.05, periodic=False
)
consumer.start()
while huey.pending_count():
    time.sleep(0.02)
consumer.stop(graceful=True)
