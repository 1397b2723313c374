"""Runs all cells of a notebook in JupyterLab, saves it, and takes a picture of the whole."""

import sys

from playwright.sync_api import sync_playwright

browser_path, url, notebook, screenshot = sys.argv[1:]
address = url.replace("/lab?", f"/lab/tree/{notebook}?")

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
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
    # All cells have their number, or one has failed and the others never get theirs.
    page.wait_for_function(
        """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')].every(e => /\\d/.test(e.textContent))
              || document.querySelector('[data-mime-type="application/vnd.jupyter.error"]')""",
        timeout=600_000,
    )
    page.keyboard.press("Control+S")
    page.wait_for_timeout(3000)
    height = page.evaluate("document.querySelector('.jp-WindowedPanel-inner')?.scrollHeight ?? 1600")
    page.set_viewport_size({"width": 1280, "height": min(int(height) + 200, 12_000)})
    page.wait_for_timeout(1000)
    page.screenshot(path=screenshot)
    browser.close()
