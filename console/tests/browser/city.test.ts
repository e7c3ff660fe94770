// The page before a real, empty city at MACHI_URL: a newcomer's first minutes, with the commands that the page gives.
import { execFileSync } from "node:child_process";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, open } from "./chromium";
import { send as sendTo } from "./realcity";

const CITY = process.env["MACHI_URL"];
const ROOM = "urn:ngsi-ld:Room:1";

describe.skipIf(!CITY)("a new city", () => {
  let browser: Browser;
  let page: Page;
  let faults: string[];
  let receiver: Server;

  beforeAll(async () => {
    receiver = createServer((_, response) => void response.writeHead(200).end());
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    browser = await launch();
    ({ page, faults } = await open(browser, CITY ?? ""));
    await page.waitForSelector('[data-line="open"]');
  });
  afterAll(async () => {
    await browser.close();
    receiver.close();
    expect(faults).toEqual([]);
  });

  const part = (name: string): string => `[data-part="${name}"]`;
  const attribute = (name: string): string => `${part("entity")} [data-attribute="${name}"]`;

  async function says(selector: string, text: string | RegExp): Promise<void> {
    await page.locator(selector).filter({ hasText: text }).first().waitFor();
  }

  /** Runs a command that the page shows, as a reader would who copies it. */
  async function run(selector: string): Promise<string> {
    const command = await page.locator(selector).innerText();
    return execFileSync("sh", ["-c", command.replace(/^curl/, "curl -sS --fail-with-body")], { encoding: "utf8" });
  }

  const send = (method: string, path: string, body: object): Promise<number> => sendTo(CITY ?? "", method, path, body);

  it("gets its first entity by the command that the page gives", async () => {
    await says(part("first"), "There are no entities yet");
    await run(`${part("first")} pre code`);
    await says(`${part("changes")} li`, "Created");
    await says(part("results"), ROOM);
    await says('[data-figure="entities"] dd', "1");
    await says('[data-figure="types"] dd', "1");
  });

  it("shows an entity, and how it changes by the command that the page gives", async () => {
    await page.click(`${part("results")} li a`);
    await says(attribute("temperature"), /21\s*°C/);
    await says(attribute("name"), "Meeting room");
    expect(JSON.parse(await run(`${part("entity")} figure:has-text("reads") pre code`))).toMatchObject({ id: ROOM });
    await page.getByLabel("Attribute to change").selectOption("temperature");
    await run(`${part("entity")} figure:has-text("changes") pre code`);
    await says(attribute("temperature"), /22\s*°C/);
    await page.keyboard.press("Escape");
    await says(`${part("changes")} li`, /Changed[^]*Room[^]*temperature/);
  });

  it("is searched by condition, and told what is wrong with one", async () => {
    await page.fill("#search-q", "temperature>21");
    await page.press("#search-q", "Enter");
    await says(part("results"), "1 entity");
    await page.fill("#search-q", "temperature>>21");
    await page.press("#search-q", "Enter");
    await says(`${part("results")} [role="alert"]`, "400 BadRequestData");
    await page.click("header button[lang=ja]");
    await says(`${part("results")} [role="alert"] .detail`, /[ぁ-ん]/);
    await page.click("header button[lang=en]");
    await page.getByRole("link", { name: "Clear" }).click();
    for (const id of [ROOM, "urn:ngsi-ld:Roo", "Room:1"]) {
      await page.fill("#search-id", id);
      await page.press("#search-id", "Enter");
      await says(part("results"), "1 entity");
    }
    await page.getByRole("link", { name: "Clear" }).click();
  });

  it("notifies, and the page shows it", async () => {
    const uri = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const subscription = {
      id: "urn:ngsi-ld:Subscription:room-watch",
      type: "Subscription",
      entities: [{ type: "Room" }],
      notification: { endpoint: { uri, accept: "application/json" } },
    };
    expect(await send("POST", "ngsi-ld/v1/subscriptions", subscription)).toBe(201);
    await says(part("subscriptions"), "No notification yet");
    const change = { type: "Property", value: 25 };
    expect(await send("PATCH", `ngsi-ld/v1/entities/${ROOM}/attrs/temperature`, change)).toBe(204);
    await says(part("notification"), /room-watch\s*1 delivered/);
    await says(part("subscriptions"), "1 notification");
  });

  it("tells of writes a second", async () => {
    for (let value = 30; value < 60; value += 1) {
      await send("PATCH", `ngsi-ld/v1/entities/${ROOM}/attrs/temperature`, { type: "Property", value });
    }
    await says('[data-figure="writes"] dd', /[1-9]/);
  });
});
