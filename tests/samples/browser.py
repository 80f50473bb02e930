"""Headless Chromium, spoken to by its own protocol: a page becomes a picture of just its size."""

import asyncio
import base64
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
    "--disable-extensions", "--disable-lcd-text", "--disable-background-networking",
    "--font-render-hinting=none", "--remote-debugging-port=0",
)  # fmt: skip
_STARTS_WITHIN = _SHOWS_WITHIN = 30


def found():
    """None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def browser(program):
    with tempfile.TemporaryDirectory(prefix="relay-pictures-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            program, *_FLAGS, f"--user-data-dir={folder}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_STARTS_WITHIN):
                port = await _port(Path(folder) / "DevToolsActivePort")
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    (target,) = [each for each in await answer.json() if each["type"] == "page"]
                async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    yield Browser(socket)
        finally:
            process.terminate()
            await process.wait()


async def _port(file):
    while not (file.exists() and file.read_text()):  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.05)
    return file.read_text().splitlines()[0]


class Browser:
    def __init__(self, socket):
        self._socket = socket
        self._nth = 0

    async def picture(self, html, *, width, scheme, scale):
        """PNG of the whole page at `width` pixels of CSS; `scheme` is light or dark."""
        await self._look(width, 400, scheme, scale)
        frame = (await self._say("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        await self._say("Page.setDocumentContent", frameId=frame, html=html)
        await self._say("Runtime.evaluate", expression="document.fonts.ready", awaitPromise=True)
        height = await self._say(
            "Runtime.evaluate", expression="Math.ceil(document.body.getBoundingClientRect().height)"
        )
        return await self._shot(width, height["result"]["value"])

    async def visit(self, url, *, width, height, scheme, scale, once):
        """PNG of what a window of this size shows, `once` an expression of the page's is true."""
        await self._look(width, height, scheme, scale)
        await self._say("Page.navigate", url=url)
        async with asyncio.timeout(_SHOWS_WITHIN):
            while not (await self._say("Runtime.evaluate", expression=once))["result"].get("value"):  # noqa: ASYNC110 - the page draws
                await asyncio.sleep(0.1)
        return await self._shot(width, height)

    async def _look(self, width, height, scheme, scale):
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        await self._say("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self._say("Emulation.setEmulatedMedia", features=features)

    async def _shot(self, width, height):
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = await self._say("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    async def _say(self, method, **params):
        self._nth += 1
        await self._socket.send_json({"id": self._nth, "method": method, "params": params})
        while (answer := await self._socket.receive_json()).get("id") != self._nth:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]
