// The traffic of the demo: asks the `web` of every other host once a second for a little more than nothing, and says when
// one begins or ceases to answer.
import { execFile } from "node:child_process";
import { hostname } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);
const PERIOD_MS = 1_000;
const BYTES = 60_000;
/** Name of each host → whether its web answered the last time. */
const answers = new Map();

for (;;) {
  const next = Date.now() + PERIOD_MS;
  await Promise.all((await otherNodes()).map(ask));
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - Date.now())));
}

async function otherNodes() {
  try {
    const nodes = JSON.parse((await run("warren", ["nodes", "-o", "json"])).stdout);
    return nodes.filter(({ name, podCidrs }) => name !== hostname() && podCidrs.length > 0);
  } catch {
    // The agent is starting, or ending.
    return [];
  }
}

/** `web` is the first pod of a host: it has the first address that is for pods. */
async function ask({ name, podCidrs }) {
  const address = podCidrs[0].replace(/\.0\/\d+$/, ".2");
  const answered = await fetch(`http://${address}:8080/?bytes=${BYTES}`, { signal: AbortSignal.timeout(PERIOD_MS) })
    .then((response) => response.text())
    .then(() => true)
    .catch(() => false);
  if (answers.get(name) !== answered)
    console.log(`client: web of ${name} (${address}) ${answered ? "answers" : "is silent"}`);
  answers.set(name, answered);
}
