"""Runs all cells of a notebook in JupyterLab, saves it, and takes pictures of it.

The folder gets `light.png` and `dark.png`, the whole notebook in both themes, and
`runbook.webp`, the part that the README shows.
"""

import base64
import pathlib
import sys

from playwright.sync_api import sync_playwright

browser_path, url, notebook, folder = sys.argv[1:]
folder = pathlib.Path(folder)
address = url.replace("/lab?", f"/lab/tree/{notebook}?")


def webp(page, path):
    """What the viewport shows, small enough for a repository."""
    session = page.context.new_cdp_session(page)
    picture = session.send("Page.captureScreenshot", {"format": "webp", "quality": 80})
    path.write_bytes(base64.b64decode(picture["data"]))


def whole(page, path):
    """All cells: JupyterLab renders no others than those that are in view."""
    height = page.evaluate("document.querySelector('.jp-WindowedPanel-inner')?.scrollHeight ?? 1600")
    page.set_viewport_size({"width": 1280, "height": min(int(height) + 200, 14_000)})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer')?.scrollTo(0, 0)")
    page.wait_for_timeout(1500)
    page.screenshot(path=path)


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    for attempt in range(60):
        try:
            page.goto(address)
            break
        except Exception:  # JupyterLab is not up yet
            if attempt == 59:
                raise
            page.wait_for_timeout(1000)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=120_000)
    # To run cells before there is a kernel would open a dialog.
    page.get_by_text("trailbook (Rust) | Idle").wait_for(timeout=120_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.set_viewport_size({"width": 1280, "height": 14_000})
    # All cells have their number, or one has failed and the others never get theirs.
    page.wait_for_function(
        """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')].every(e => /\\d/.test(e.textContent))
              || document.querySelector('[data-mime-type="application/vnd.jupyter.error"]')""",
        timeout=600_000,
    )
    page.keyboard.press("Control+S")
    page.wait_for_timeout(3000)
    page.keyboard.press("Control+B")  # without the file browser
    news = page.get_by_role("button", name="No", exact=True)
    if news.count():
        news.first.click()
    whole(page, folder / "light.png")

    page.set_viewport_size({"width": 1100, "height": 760})
    chart = page.locator("svg.tb-chart").first
    heading = page.locator(".jp-MarkdownCell", has=page.locator("h2")).filter(has_text="Volume over time")
    target = heading.first if heading.count() else chart
    target.evaluate("element => element.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(1500)
    webp(page, folder / "runbook.webp")

    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Theme").first.hover()
    page.locator(".lm-Menu-item", has_text="JupyterLab Dark").first.click()
    page.wait_for_timeout(3000)
    whole(page, folder / "dark.png")
    browser.close()
