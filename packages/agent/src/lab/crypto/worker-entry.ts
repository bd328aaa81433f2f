import { parentPort } from "node:worker_threads";
import { openAead } from "../../platform/aead/aead-factory.ts";
import type { Aead } from "../../secure/aead.ts";
import { AREA, layoutOf } from "./layout.ts";
import type { Cell } from "./matrix.ts";
import { timeAead } from "./time-aead.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** A thread of `warren bench crypto`: takes one sample for each message. */
const port = parentPort!;
const bytes = new Uint8Array(AREA);
const opened = new Map<string, Aead>();
/** Users know implementations by the library; the reference for tests is what `node:crypto` does. */
const FACTORY_NAMES = { openssl: "openssl", libsodium: "sodium", "node-crypto": "reference" } as const;

port.on("message", (message: ToWorker) => {
  void sample(message)
    .catch((error: Error): FromWorker => ({ error: error.message }))
    .then((answer) => port.postMessage(answer));
});

async function sample({ cell, forMs }: ToWorker): Promise<FromWorker> {
  const aead = await aeadOf(cell);
  const cpu = process.threadCpuUsage();
  const startMs = performance.now();
  const timed = timeAead(aead, bytes, layoutOf(cell.size), forMs, () => performance.now());
  const wallMs = performance.now() - startMs;
  const { user, system } = process.threadCpuUsage(cpu);
  return { ...timed, onCore: Math.min(1, (user + system) / 1000 / wallMs) };
}

async function aeadOf({ implementation, cipher }: Cell): Promise<Aead> {
  const name = `${implementation} ${cipher}`;
  const known = opened.get(name);
  if (known !== undefined) return known;
  const aead = await openAead(FACTORY_NAMES[implementation], cipher, bytes);
  opened.set(name, aead);
  return aead;
}
