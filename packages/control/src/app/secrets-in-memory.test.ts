import { type ChildProcess, spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { callLocal } from "@warren/common/api/local-client.ts";
import type { TokenCreated } from "@warren/common/api/types.ts";
import { createNodeKey } from "@warren/common/identity/node-key.ts";
import { enroll } from "@warren/common/rpc/enroll.ts";
import { afterEach, beforeEach, expect, it } from "vitest";

const program = fileURLToPath(new URL("./testing/control-process.ts", import.meta.url));

let dir: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "wrn-heap-"));
});

afterEach(async () => {
  child?.kill("SIGKILL");
  await rm(dir, { recursive: true, force: true });
});

it("keeps neither the CA's key nor a token's secret in its heap once they were used", async () => {
  const address = await start();
  const tokens: TokenCreated[] = [];
  for (let n = 1; n <= 3; n++) {
    const created = await callLocal<TokenCreated>(join(dir, "run/control.sock"), "POST", "/v1/tokens", {});
    await enroll(address, created.token, {
      nodeName: `n${n}`,
      underlayAddress: `192.0.2.${n}`,
      keyPem: createNodeKey(),
    });
    tokens.push(created);
  }
  const { data } = JSON.parse(await readFile(join(dir, "data/ca.json"), "utf8")) as { data: { keyPem: string } };
  const keyLine = data.keyPem.split("\n")[1]!;
  const secrets = tokens.map(({ token }) => token.split(".")[3]!);
  // A positive control: what is in use is in the heap, in this very form.
  const found = await search(await heapSnapshot(), ["node-name/", tokens[0]!.id, keyLine, ...secrets]);
  expect(found).toEqual(["node-name/", tokens[0]!.id]);
}, 90_000);

function start(): Promise<string> {
  const config = {
    "data-dir": join(dir, "data"),
    "run-dir": join(dir, "run"),
    listen: "127.0.0.1:0",
    http: "127.0.0.1:0",
    "log-level": "silent",
  };
  const flags = ["--heapsnapshot-signal=SIGUSR2", `--diagnostic-dir=${dir}`];
  child = spawn(process.execPath, [...flags, program, JSON.stringify(config)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child!.once("error", reject);
    child!.once("exit", (code) => reject(new Error(`the control plane ended with ${code}`)));
    createInterface({ input: child!.stdout! }).once("line", resolve);
  });
}

/** Node writes the file at once and in one go; the control plane answers again when it is done. */
async function heapSnapshot(): Promise<string> {
  child!.kill("SIGUSR2");
  const file = async () => (await readdir(dir)).find((name) => name.endsWith(".heapsnapshot"));
  await expect.poll(file, { timeout: 60_000, interval: 50 }).toBeDefined();
  await callLocal(join(dir, "run/control.sock"), "GET", "/healthz");
  return join(dir, (await file())!);
}

/** Which of the texts are in the file. */
async function search(path: string, texts: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  let rest = "";
  for await (const chunk of createReadStream(path, { encoding: "latin1" }) as AsyncIterable<string>) {
    const part = rest + chunk;
    for (const text of texts) if (part.includes(text)) found.add(text);
    rest = part.slice(-200);
  }
  return texts.filter((text) => found.has(text));
}
