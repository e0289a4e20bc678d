"""The page of the API in a real browser, without the internet."""

from playwright.sync_api import Page, expect

from tests.program import Receiver


def test_it_shows_every_operation_its_schema_and_an_example(page: Page, receiver: Receiver) -> None:
    paths = receiver.get("/openapi.json")["paths"]

    page.goto("/api/docs")

    operations = sum(map(len, paths.values()))
    expect(page.locator(".opblock")).to_have_count(operations)
    for path in paths:
        expect(page.locator(f'.opblock [data-path="{path}"]').first).to_be_visible()
    page.get_by_role("button", name="POST /api/deployments").first.click()
    expect(page.get_by_text("happened_at").first).to_be_visible()
    expect(page.locator(".body-param__example")).to_contain_text('"service": "checkout"')


def test_an_operation_can_be_tried_on_this_receiver(page: Page, receiver: Receiver) -> None:
    receiver.post(service="found-by-the-docs")
    page.goto("/api/docs")

    page.get_by_role("button", name="GET /api/services").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table")).to_contain_text("found-by-the-docs")


def test_the_example_of_an_event_can_be_posted_as_it_stands(page: Page, receiver: Receiver) -> None:
    page.goto("/api/docs")
    page.get_by_role("button", name="Authorize").click()
    dialog = page.locator(".modal-ux")
    dialog.get_by_role("textbox").first.fill(receiver.key)
    dialog.get_by_role("button", name="Apply credentials").first.click()
    dialog.get_by_role("button", name="Close").first.click()

    page.get_by_role("button", name="POST /api/deployments").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    status = page.locator(".live-responses-table .response .response-col_status")
    expect(status).to_have_text("201")
