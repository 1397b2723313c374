"""Takes pictures of a report: `report.webp` for the README, and `report.pdf` as it is printed."""

import base64
import pathlib
import sys

from playwright.sync_api import sync_playwright

browser_path, report, folder = sys.argv[1:]
folder = pathlib.Path(folder)

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1100, "height": 860})
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    messages = []
    page.on("console", lambda message: messages.append(message.text))
    address = pathlib.Path(report).resolve().as_uri()
    page.goto(address)
    session = page.context.new_cdp_session(page)
    picture = session.send("Page.captureScreenshot", {"format": "webp", "quality": 80})
    (folder / "report.webp").write_bytes(base64.b64decode(picture["data"]))
    page.pdf(path=folder / "report.pdf", prefer_css_page_size=True, print_background=True)
    browser.close()

others = [request for request in requests if request != address]
if others or messages:
    sys.exit(f"the report asked for {others} and said {messages}")
