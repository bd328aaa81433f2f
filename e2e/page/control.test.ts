import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { callLocal } from "@warren/common/api/local-client.ts";
import type { ControlStatus } from "@warren/common/api/types.ts";
import type { Browser } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitFor } from "../lab/wait-for.ts";
import { describeInBrowser, launchBrowser } from "./browser.ts";
import { POLICY } from "./page-server.ts";

const WARREN = fileURLToPath(new URL("../../warren", import.meta.url));

describeInBrowser("the page of a real control plane", () => {
  let home: string;
  let control: ChildProcess | undefined;
  let browser: Browser | undefined;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "warren-page-control-"));
  });
  afterEach(async () => {
    await browser?.close();
    await stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** @returns the address of its page */
  async function start(http: string): Promise<string> {
    const flags = ["--data-dir", join(home, "data"), "--run-dir", home, "--listen", "127.0.0.1:0", "--http", http];
    control = spawn(WARREN, ["control", ...flags], { stdio: "ignore" });
    const status = await waitFor("the control plane to answer", () =>
      callLocal<ControlStatus>(join(home, "control.sock"), "GET", "/v1/status"),
    );
    return status.http;
  }

  async function stop(): Promise<void> {
    if (!control || control.exitCode !== null) return;
    const ended = once(control, "exit");
    control.kill();
    await ended;
  }

  test("it is served, runs under its policy, and follows the control plane through a restart", async () => {
    const address = await start("127.0.0.1:0");
    browser = await launchBrowser();
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => void complaints.push(message.text()));
    page.on("pageerror", (error) => void complaints.push(String(error)));

    const response = await page.goto(`http://${address}/`);
    // The tests of the page with a server of their own are worth what this is.
    expect(response!.headers()["content-security-policy"]).toBe(POLICY);
    await page.getByRole("heading", { name: "No node has joined yet" }).waitFor();
    expect(complaints).toEqual([]);

    await stop();
    await page.getByRole("alert").waitFor();
    await start(address);
    await page.getByText("Live").waitFor();
    // The browser's own lines about requests to a control plane that is not there, or that is just starting.
    expect(complaints.filter((line) => !/ERR_CONNECTION|status of 503/.test(line))).toEqual([]);
  });
});
