import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MeshView } from "@warren/common/api/mesh-view.ts";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { describeInBrowser, launchBrowser } from "./browser.ts";
import { down, foreignPeer, meshOf, threeNodes, withNode } from "./meshes.ts";
import { PageServer } from "./page-server.ts";

const DIST = fileURLToPath(new URL("../../packages/dashboard/dist/", import.meta.url));
/** Pictures of the last run, for people to look at. */
const PICTURES = fileURLToPath(new URL("../../.cache/page/", import.meta.url));
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 400, height: 800 };

describeInBrowser("the live page in a browser", () => {
  let browser: Browser;
  let server: PageServer;
  /** What the browser complained about. */
  let complaints: string[];
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    process.stderr.write(`pictures of the page: ${PICTURES}\n`);
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    complaints = [];
    server = new PageServer(DIST, () => threeNodes());
    await server.start();
  });
  afterEach(async () => {
    await page?.context().close();
    await server.stop();
  });

  /** Opens the page. Its clock is the test's: `seconds` lets it run. */
  async function open(options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext({ viewport: WIDE, ...options });
    page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.clock.install({ time: new Date("2026-11-26T09:30:00Z") });
    await page.goto(server.url);
  }

  /** Lets the page's time pass, one question at a time. */
  async function seconds(count: number): Promise<void> {
    for (let passed = 0; passed < count; passed++) {
      const answered = page.waitForResponse(/\/v1\/mesh$/);
      await page.clock.runFor(1000);
      await answered;
      const now = (await page.evaluate('new Date().toLocaleTimeString("en-GB")')) as string;
      await page.locator(".status", { hasText: now }).waitFor();
    }
    // What follows the drawing, such as the title.
    await page.clock.runFor(50);
  }

  const text = () => page.locator("body").innerText();
  const take = (name: string) => page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  const overflow = () => page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

  test.each(["light", "dark"] as const)("three nodes, %s", async (colorScheme) => {
    let moment = 0;
    server.answer = () => threeNodes(moment++);
    await open({ colorScheme, viewport: { width: 1280, height: 720 } });
    await seconds(125);
    await take(colorScheme);
    const shown = await text();
    for (const expected of [
      ...["c-7f3kq2mz", "3 ready, 0 down", "AES-256-GCM", "sealed, UDP port 51820", "Revision 42", "Live"],
      ...["host-b", "192.0.2.12", "10.244.1.0/24", "MTU 1420", "Gbit/s", "AES-256-GCM up", "µs"],
      ...["cart-2", "shop", "10.244.2.3"],
    ])
      expect(shown).toContain(expected);
    expect(await page.title()).toBe("Warren: all up");
    expect(await page.getByRole("img", { name: /Last two minutes: sent up to [\d.]+ [MG]bit/ }).count()).toBe(3);
    const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(background).toBe(colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(20, 24, 29)");
    expect(await overflow()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test("on a phone nothing is cut off and nothing scrolls sideways", async () => {
    await open({ viewport: NARROW });
    await seconds(3);
    await take("narrow");
    expect(await overflow()).toBe(0);
    for (const label of ["Underlay", "Pod CIDRs", "Data path", "Sent"]) {
      const content = await page.evaluate(
        `getComputedStyle(document.querySelector('.nodes td[data-label="${label}"]'), "::before").content`,
      );
      expect(content).toContain(label);
    }
    expect(complaints).toEqual([]);
  });

  test("a mesh in the clear says so", async () => {
    server.answer = () => meshOf(["a", "b"], 0, "none");
    await open();
    await page.getByText("Not encrypted").waitFor();
    expect(await text()).toContain("not sealed, VXLAN");
  });

  test("a node that goes down, one with a warning, one without a report and a foreign peer are shown as such", async () => {
    server.answer = () => {
      const mesh = meshOf(["host-a", "host-b", "host-c", "host-d"]);
      const nodes = withNode(mesh, "host-b", () => down(mesh)).nodes;
      const switched: MeshView = { ...mesh, nodes: [...nodes, { ...nodes[0]!, ...foreignPeer("switch") }] };
      return withNode(
        withNode(switched, "host-c", (node) => ({
          report: { ...node.report!, warnings: ["the disk is nearly full"] },
        })),
        "host-d",
        () => ({ report: null }),
      );
    };
    await open();
    await page.getByRole("heading", { name: "Needs attention" }).waitFor();
    await take("attention");
    const row = (name: string) => page.locator(".nodes tbody tr", { hasText: name }).innerText();
    expect(await row("host-b")).toContain("down 34s");
    expect(await row("host-c")).toContain("1 warning");
    expect(await row("host-d")).toContain("no report yet");
    expect(await row("switch")).toContain("VXLAN peer");
    const concerns = await page.locator(".concerns").innerText();
    expect(concerns).toContain("host-b: down, last heard of 34s ago");
    expect(concerns).toContain("host-c: the disk is nearly full");
    expect(await page.title()).toBe("Warren: 1 down");
    expect(complaints).toEqual([]);
  });

  test("a control plane that goes away and comes back", async () => {
    await open();
    await seconds(2);
    await server.stop();
    const alert = page.getByRole("alert");
    await page.clock.runFor(1100);
    await alert.waitFor();
    await page.clock.runFor(1100);
    await take("gone");
    expect(await alert.innerText()).toMatch(/does not answer since \d\d:\d\d:\d\d: no connection/);
    // The last picture stays, and does not look like now.
    expect(await page.locator("main").getAttribute("class")).toBe("old");
    expect(await text()).toContain("host-a");
    expect(await page.title()).toBe("Warren: no answer");
    await server.start();
    await seconds(1);
    await page.getByText("Live").waitFor();
    expect(await alert.count()).toBe(0);
    expect(complaints.filter((line) => !line.includes("ERR_CONNECTION_REFUSED"))).toEqual([]);
  });

  test("an error of the control plane, and one that says nothing, are told apart", async () => {
    server.answer = () => ({ status: 503 });
    await open();
    await page.getByText("it answers 503").waitFor();
    server.answer = () => null;
    await page.clock.runFor(1100);
    await page.clock.runFor(5100);
    await page.getByText("no answer in 5 s").waitFor();
  });

  test("before the first answer the page says that it asks", async () => {
    server.answer = () => null;
    await open();
    expect(await text()).toContain("Asking the control plane");
  });

  test("a mesh without nodes says how to make one", async () => {
    server.answer = () => meshOf([]);
    await open();
    await page.getByRole("heading", { name: "No node has joined yet" }).waitFor();
    await take("empty");
    expect(await text()).toContain("warren token create");
  });

  test("two hundred nodes are drawn, cut where it must be, and found by the filter", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `node-${index}`);
    let moment = 0;
    server.answer = () => meshOf(names, moment++);
    await open();
    await seconds(2);
    expect(await page.locator(".nodes tbody tr").count()).toBe(50);
    expect(await page.locator(".matrix tbody tr").count()).toBe(40);
    expect(await text()).toContain("160 are not");
    expect(await text()).toContain("The first 100 of 400");
    expect(await overflow()).toBe(0);
    await page.getByLabel("Filter nodes and links").fill("node-19");
    expect(await page.locator(".nodes tbody tr").count()).toBe(11);
    await page.getByLabel("Filter nodes and links").fill("node-199");
    expect(await page.locator(".nodes tbody tr").count()).toBe(1);
    await page.getByLabel("Filter nodes and links").fill("");
    await page.getByRole("button", { name: "Show all 200 nodes" }).click();
    expect(await page.locator(".nodes tbody tr").count()).toBe(200);
    await page.getByLabel("Filter pods").fill("cart 10.244.77.");
    expect(await page.locator(".pods tbody tr").count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test("the table of nodes is ordered by a column, from the keyboard too", async () => {
    await open();
    await seconds(1);
    const first = () => page.locator(".nodes tbody th").first().innerText();
    expect(await first()).toContain("host-a");
    await page.getByRole("button", { name: "Drops" }).focus();
    await page.keyboard.press("Enter");
    expect(await first()).toContain("host-c");
    expect(await page.locator(".nodes th[aria-sort=descending]").innerText()).toContain("Drops");
  });

  test("what nodes are called stays text", async () => {
    const hostile = ['<img src=x onerror="document.title=1">', "</td><script>alert(1)</script>", "x".repeat(200)];
    server.answer = () => {
      const mesh = meshOf(hostile);
      return withNode(mesh, hostile[0]!, (node) => ({
        report: {
          ...node.report!,
          warnings: ["<b>bold</b>"],
          pods: [{ namespace: "<i>n</i>", name: "y".repeat(200), addresses: ["<u>10.0.0.1</u>"] }],
        },
      }));
    };
    for (const viewport of [WIDE, NARROW]) {
      await open({ viewport });
      await seconds(1);
      await take(`hostile-${viewport.width}`);
      const shown = await text();
      for (const name of [...hostile, "<b>bold</b>", "<i>n</i>", "<u>10.0.0.1</u>"]) expect(shown).toContain(name);
      expect(await page.locator("main img, main script, main b, main i, main u").count()).toBe(0);
      expect(await overflow()).toBe(0);
      await page.context().close();
    }
    expect(complaints).toEqual([]);
  });

  test("a page in the background asks nothing, and at once when it is seen again", async () => {
    await open();
    await seconds(2);
    await page.evaluate(`Object.defineProperty(document, "hidden", { get: () => window.isAway, configurable: true })`);
    await page.evaluate("window.isAway = true; document.dispatchEvent(new Event('visibilitychange'))");
    await page.clock.runFor(1100);
    const { asked } = server;
    await page.clock.runFor(30_000);
    expect(server.asked).toBe(asked);
    const answered = page.waitForResponse(/\/v1\/mesh$/);
    await page.evaluate("window.isAway = false; document.dispatchEvent(new Event('visibilitychange'))");
    await answered;
    expect(server.asked).toBe(asked + 1);
    expect(server.mostAtOnce).toBe(1);
  });
});
