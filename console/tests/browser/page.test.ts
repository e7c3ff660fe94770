// The built page in a real browser, before a city that does what each test asks of it.
import { beforeEach, describe, expect, it } from "vitest";
import { RIVER, SUBSCRIPTION, river, town } from "../mock/entities";
import { contrastFaults } from "./contrast";
import { city, enter, page, part, says, setStage, visit } from "./stage";

const ROOMS = 40;

setStage(() => town(ROOMS));
beforeEach(() => {
  city.tenants.push({ tenant: "aoi", entities: 7 });
});

const figure = (name: string): string => `[data-figure="${name}"] dd`;

describe("figures", () => {
  it("count entities, types and tenants", async () => {
    await visit();
    await says(figure("entities"), String(ROOMS + 4));
    await says(figure("types"), "6");
    await says(figure("tenants"), "2");
    await says("#types-head ~ ul a, section ul a", /Room\s*40/);
  });

  it("tell rates without what the page itself reads", async () => {
    await visit();
    await says(figure("reads"), /^0/);
    city.requests.writes += 1000;
    await says(figure("writes"), /[1-9]/);
    expect(await page.locator(figure("reads")).innerText()).toMatch(/^0/);
  });

  it("load nothing from anywhere else", async () => {
    const hosts = new Set<string>();
    await visit();
    page.on("request", (request) => hosts.add(new URL(request.url()).origin));
    await page.reload();
    await says(figure("entities"), String(ROOMS + 4));
    expect([...hosts]).toEqual([new URL(city.url).origin]);
  });
});

describe("the live feed", () => {
  it("shows a change at once, with a link to its entity", async () => {
    await visit();
    city.put(river(1.5, 0));
    await says(`${part("changes")} li`, "hinogawa-fukami");
    await says(`${part("changes")} li .kind`, "Changed");
    await page.click(`${part("changes")} li a`);
    await says(`${part("entity")} h2`, RIVER);
  });

  it("shows a new type and a new count within a moment", async () => {
    await visit();
    await says(figure("entities"), String(ROOMS + 4));
    city.put({ id: "urn:ngsi-ld:Tree:1", type: "Tree", height: { type: "Property", value: 12 } });
    await says(figure("entities"), String(ROOMS + 5));
    await says("section ul a", "Tree");
    city.delete("urn:ngsi-ld:Tree:1");
    await says(`${part("changes")} .kind`, "Deleted");
    await says(figure("entities"), String(ROOMS + 4));
  });

  it("can be paused, counts meanwhile, and goes on", async () => {
    await visit();
    city.put(river(1.5, 0));
    await says(`${part("changes")} li`, "hinogawa");
    await page.click(`${part("changes")} button`);
    for (let n = 0; n < 3; n += 1) city.put(river(1.6 + n / 10, 0));
    await says(part("changes"), "3 changes while paused");
    expect(await page.locator(`${part("changes")} li`).count()).toBe(1);
    await page.click(`${part("changes")} button`);
    await expect.poll(() => page.locator(`${part("changes")} li`).count()).toBe(4);
  });

  it("stands a flood of changes", async () => {
    await visit();
    for (let n = 0; n < 5000; n += 1) city.change("changed", `urn:ngsi-ld:Room:${n}`, "Room", ["temperature"]);
    await says(`${part("changes")} li:first-child`, "Room:4999");
    expect(await page.locator(`${part("changes")} li`).count()).toBe(100);
  });

  it("shows a notification as it is delivered", async () => {
    city.subscriptions = [SUBSCRIPTION];
    await visit();
    await says(part("subscriptions"), "3 notifications");
    const notification = SUBSCRIPTION["notification"] as object;
    city.subscriptions = [{ ...SUBSCRIPTION, notification: { ...notification, timesSent: 4 } }];
    city.put(river(2.6, 0));
    await says(part("notification"), /river-watch\s*1 delivered/);
    await says(part("subscriptions"), "4 notifications");
  });
});

describe("a subscription", () => {
  it("is shown without the secrets in its address", async () => {
    const endpoint = { uri: "mqtt://machi:secret-word@broker.example/alarm" };
    city.subscriptions = [{ ...SUBSCRIPTION, notification: { endpoint } }];
    await visit();
    await says(part("subscriptions"), "mqtt://***@broker.example/alarm");
    expect(await page.content()).not.toContain("secret-word");
  });
});

describe("a broken line", () => {
  it("is told, and everything is fresh once it is back", async () => {
    await visit();
    await says(figure("entities"), String(ROOMS + 4));
    city.goDown();
    await says('[role="status"]', "Connection lost");
    // What was there before stays to be read.
    await says(figure("entities"), String(ROOMS + 4));
    city.entities.delete("urn:ngsi-ld:Room:1");
    city.comeBack();
    await page.click('[role="status"] button');
    await says('[role="status"]', "Connected again");
    await says(figure("entities"), String(ROOMS + 3));
    city.put(river(2, 0));
    await says(`${part("changes")} li`, "hinogawa");
  });

  it("comes back by itself", async () => {
    await visit();
    city.goDown();
    await page.waitForSelector('[data-line="lost"]');
    city.comeBack();
    await page.waitForSelector('[data-line="open"]');
  });

  it("that is refused says why", async () => {
    const detail = "too many readers follow the live feed already";
    city.refusals.set("/machi/v1/live", { status: 503, type: "Unavailable", title: "Not now", detail });
    await enter(city.url);
    await says('[role="status"]', detail);
    city.refusals.clear();
    await page.click('[role="status"] button');
    await page.waitForSelector('[data-line="open"]');
  });
});

describe("the search", () => {
  const results = `${part("results")} li`;

  it("finds by type, counts, and pages on", async () => {
    await visit();
    await page.fill("#search-type", "Room");
    await page.click('button[type="submit"]');
    await says(part("results"), "40 entities");
    await says(part("results"), "20 of 40 shown");
    await page.click(`${part("results")} .foot button`);
    await expect.poll(() => page.locator(results).count()).toBe(40);
    expect(await page.locator(`${part("results")} .foot`).count()).toBe(0);
    expect(new URL(page.url()).hash).toBe("#type=Room");
  });

  it("finds by an id, by the beginning of one and by a part of one", async () => {
    await visit();
    for (const [id, found] of [
      ["urn:ngsi-ld:Room:7", 1],
      ["urn:ngsi-ld:Room:4", 1],
      ["urn:ngsi-ld:Build", 1],
      ["hinogawa", 1],
      ["Room:1", 11],
    ] as const) {
      await page.fill("#search-id", id);
      await page.press("#search-id", "Enter");
      await says(part("results"), `${found} ${found === 1 ? "entity" : "entities"}`);
    }
  });

  it("tells what is wrong with a condition, where, in the reader's language", async () => {
    await visit();
    await page.fill("#search-q", "temperature>>20");
    await page.press("#search-q", "Enter");
    const alert = `${part("results")} [role="alert"]`;
    await says(alert, "400 BadRequestData");
    await says(alert, 'q: at character 12, after ">": a value is expected');
    const language = (): string | undefined =>
      city.asked.findLast(({ path }) => path.includes("q="))?.headers["accept-language"];
    expect(language()).toBe("en");
    await page.click("header button[lang=ja]");
    await expect.poll(language).toBe("ja");
    await page.fill("#search-q", "temperature>20");
    await page.press("#search-q", "Enter");
    await expect.poll(() => page.locator(alert).count()).toBe(0);
  });

  it("says so when nothing matches, and can be cleared", async () => {
    await visit("#type=Nothing");
    await says(part("results"), "No entity matches");
    await page.getByRole("link", { name: "Clear" }).click();
    await says(part("results"), "Entities changed lately");
    expect(await page.inputValue("#search-type")).toBe("");
  });

  it("asks with a vocabulary where one is given", async () => {
    await visit("#context=https://example.org/c.jsonld&type=Room");
    await says(part("results"), "40 entities");
    const headers = city.asked.findLast(({ path }) => path.includes("type=Room"))?.headers;
    expect(headers?.["link"]).toContain("<https://example.org/c.jsonld>");
  });

  it("follows the browser's back button", async () => {
    await visit("#type=Room");
    await says(part("results"), "40 entities");
    await page.click(`${results} a`);
    await page.waitForSelector(part("entity"));
    await page.goBack();
    await page.waitForSelector(part("entity"), { state: "detached" });
    await says(part("results"), "40 entities");
  });
});

describe("an entity", () => {
  const attribute = (name: string): string => `${part("entity")} [data-attribute="${name}"]`;

  it("shows values with units and age, instances, sub-attributes and links", async () => {
    await visit(`#entity=${RIVER}`);
    await says(attribute("waterLevel"), /1\.42\s*m/);
    await says(attribute("waterLevel"), /Observed \d+ sec\. ago/);
    await says(attribute("waterLevel"), "accuracy");
    await says(attribute("flow"), "urn:ngsi-ld:Dataset:forecast");
    await says(attribute("name"), "Hino River");
    await says(attribute("location"), "Latitude 35.943817");
    await says(attribute("reach"), "LineString 3 points");
    await page.click(`${attribute("waterLevel")} a`);
    await says(`${part("entity")} h2`, "urn:ngsi-ld:Device:gauge-17");
  });

  it("changes under the reader's eyes, and tells when it is gone", async () => {
    await visit(`#entity=${RIVER}`);
    await says(attribute("waterLevel"), "1.42");
    city.put(river(3.07, 0));
    await says(attribute("waterLevel"), "3.07");
    expect(await page.locator(attribute("waterLevel")).getAttribute("class")).toContain("fresh");
    city.delete(RIVER);
    await says(part("entity"), "This entity has been deleted");
  });

  it("that is not there is said to be so", async () => {
    await visit("#entity=urn:ngsi-ld:Room:999");
    await says(part("entity"), "There is no entity with this id");
  });

  it("gives the commands that read and change it", async () => {
    await visit(`#entity=${RIVER}`, { permissions: ["clipboard-read", "clipboard-write"] });
    const clipboard = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText());
    const url = `${city.url}ngsi-ld/v1/entities/${RIVER}`;
    await page.getByRole("button", { name: "Copy: The curl that reads it" }).click();
    await says(part("entity"), "Copied");
    expect(await clipboard()).toBe(`curl ${url}`);
    await page.getByRole("button", { name: "Copy: The curl that changes it" }).click();
    await expect.poll(clipboard).toContain(`curl -X PATCH ${url}/attrs/waterLevel`);
    expect(await clipboard()).toContain(`'{"type":"Property","value":2.42}'`);
    await page.getByLabel("Attribute to change").selectOption("isFlooding");
    await says(`${part("entity")} pre`, '"value":true');
  });
});

describe("an empty city", () => {
  it("says how to begin, and shows the first entity at once", async () => {
    city.entities.clear();
    await visit();
    await says(part("first"), "There are no entities yet");
    await says(`${part("first")} pre`, `curl ${city.url}ngsi-ld/v1/entities`);
    city.put({ id: "urn:ngsi-ld:Room:1", type: "Room", temperature: { type: "Property", value: 21, unitCode: "CEL" } });
    await says(part("results"), "urn:ngsi-ld:Room:1");
    expect(await page.locator(part("first")).count()).toBe(0);
  });
});

describe("tenants", () => {
  it("are chosen, named in requests and in commands, and kept in the address", async () => {
    await visit();
    await page.selectOption("header select", "aoi");
    await expect.poll(() => city.asked.findLast(({ path }) => path.includes("/live"))?.headers["ngsild-tenant"]).toBe("aoi");
    expect(new URL(page.url()).hash).toBe("#tenant=aoi");
    await page.goto(`${city.url}#tenant=aoi&entity=${RIVER}`);
    await says(`${part("entity")} pre`, "NGSILD-Tenant: aoi");
    await page.reload();
    await says(`${part("entity")} pre`, "NGSILD-Tenant: aoi");
  });
});

describe("the reader's taste", () => {
  it("in languages is guessed, changed and remembered", async () => {
    await visit("", { locale: "ja-JP" });
    await says("h2", "最新の変更");
    expect(await page.getAttribute("html", "lang")).toBe("ja");
    await page.click("header button[lang=en]");
    await says("h2", "Newest changes");
    await page.reload();
    await says("h2", "Newest changes");
    expect(await page.getAttribute("html", "lang")).toBe("en");
    expect(await page.title()).toBe("Machi City OS");
  });

  it("in colours follows the device until it is chosen", async () => {
    await visit("", { colorScheme: "dark" });
    const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(await background()).toBe("rgb(18, 18, 18)");
    await page.selectOption("footer select", "light");
    expect(await background()).toBe("rgb(242, 242, 242)");
    await page.reload();
    await page.waitForSelector("footer");
    expect(await background()).toBe("rgb(242, 242, 242)");
  });
});

describe("by keyboard", () => {
  it("everything can be reached", async () => {
    await visit("#type=Room");
    await says(part("results"), "40 entities");
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Skip to content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("/");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("search-id");
    await page.keyboard.type("town-hall");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("/");
    await page.fill("#search-type", "");
    await page.press("#search-id", "Enter");
    await says(part("results"), "1 entity");
    const link = page.locator(`${part("results")} li a`);
    await link.focus();
    await page.keyboard.press("Enter");
    await says(`${part("entity")} h2`, "town-hall");
    expect(await focused()).toBe("urn:ngsi-ld:Building:town-hall");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Close");
    await page.keyboard.press("Escape");
    await page.waitForSelector(part("entity"), { state: "detached" });
    expect(await focused()).toContain("town-hall");
  });
});

describe("every screen", () => {
  for (const [width, colorScheme] of [[360, "light"], [768, "dark"], [1280, "light"], [2560, "dark"]] as const) {
    it(`of ${width} pixels holds everything, to be read in ${colorScheme} colours`, async () => {
      city.subscriptions = [SUBSCRIPTION];
      await visit("#type=Room", { viewport: { width, height: 800 }, colorScheme, locale: "ja-JP" });
      city.put(river(1.5, 0));
      await says(`${part("changes")} li`, "hinogawa");
      await says(part("results"), "40件");
      const isWide = (): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      expect(await isWide()).toBe(false);
      expect(await contrastFaults(page)).toEqual([]);
      await page.goto(`${city.url}#entity=${RIVER}`);
      await says(part("entity"), "1.5");
      expect(await isWide()).toBe(false);
      expect(await contrastFaults(page)).toEqual([]);
    });
  }

  it("names its fields and buttons", async () => {
    await visit(`#entity=${RIVER}`);
    await says(part("entity"), "waterLevel");
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("button, input, select, a")]
        .filter((one) => {
          const labels = "labels" in one ? [...((one as HTMLInputElement).labels ?? [])] : [];
          const text = [one.ariaLabel, one.textContent, ...labels.map((label) => label.textContent)].join("").trim();
          return text === "";
        })
        .map((one) => one.outerHTML),
    );
    expect(nameless).toEqual([]);
  });
});
