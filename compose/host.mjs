// Process 1 of a host of the demo: the way to the other network, the agent, then the workloads, each in a pod of its own.
// What compose sets: WARREN_… is the agent's configuration, ROUTE the way (`PREFIX via ADDRESS`), PODS the workloads:
// names of the programs beside this file. It ends with the agent.
import { execFile, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const { ROUTE, PODS = "" } = process.env;
const children = new Set();
let ended = false;

for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => end(signal));
try {
  if (ROUTE) await run("ip", ["route", "replace", ...ROUTE.split(" ")]);
  start("warren", ["agent"]).on("exit", (code) => {
    process.exitCode = code ?? 1;
    end("SIGTERM");
  });
  await agentIsReady();
  for (const pod of PODS.split(" ")) await startPod(pod);
} catch (error) {
  // The agent has said why it ended.
  if (!ended) console.error(`host: ${error.message.trim()}`);
  process.exitCode ||= ended ? 0 : 1;
  end("SIGTERM");
}

async function agentIsReady() {
  for (;;) {
    if (ended) throw new Error("the agent ended");
    if (
      await run("warren", ["status"]).then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(200);
  }
}

/** After a restart the pod is there already, with its address; its program ended with the host. */
async function startPod(name) {
  const { stdout } = await run("warren", ["pod", "list", "-o", "json"]);
  if (!JSON.parse(stdout).some((pod) => pod.name === name)) await run("warren", ["pod", "add", name]);
  keepRunning(name);
}

function keepRunning(pod) {
  const program = fileURLToPath(new URL(`${pod}.mjs`, import.meta.url));
  start("warren", ["pod", "exec", pod, "--", "node", program]).on("exit", async () => {
    await sleep(1_000, undefined, { ref: false });
    if (!ended) keepRunning(pod);
  });
}

function start(program, args) {
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  children.add(child);
  return child.on("exit", () => children.delete(child));
}

/** This process ends when the last child has. */
function end(signal) {
  ended = true;
  for (const child of children) child.kill(signal);
}
