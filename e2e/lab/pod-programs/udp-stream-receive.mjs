// node udp-stream-receive.mjs PORT: takes what udp-stream-send.mjs sends, and prints a line for the first, and for one now
// and then. On SIGTERM it waits until nothing comes any more, and prints as JSON which numbers came, as ranges, how many came
// twice, for how long at most none came until then, and how many the kernel had no room for.
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";

const SILENCE_MS = 300;
const TOLD_EVERY = 50;

const socket = createSocket("udp6");
const seen = new Set();
let repeated = 0;
let longestPauseMs = 0;
let lastMs = null;
socket.on("message", (message) => {
  const nowMs = performance.now();
  if (lastMs === null) console.log("first");
  else longestPauseMs = Math.max(longestPauseMs, nowMs - lastMs);
  lastMs = nowMs;
  const number = Number(/(\d{8}) /.exec(message.toString("latin1"))?.[1]);
  if (seen.has(number)) repeated += 1;
  seen.add(number);
  if (seen.size % TOLD_EVERY === 0) console.log(`heard ${number}`);
});
socket.bind(Number(process.argv[2]), "::", () => {
  socket.setRecvBufferSize(1 << 22);
  console.log("listening");
});
process.on("SIGTERM", () => {
  const beganMs = performance.now();
  // One that is not over counts too.
  const pauseMs = Math.max(longestPauseMs, beganMs - (lastMs ?? beganMs));
  const timer = setInterval(() => {
    if (performance.now() - Math.max(beganMs, lastMs ?? 0) < SILENCE_MS) return;
    clearInterval(timer);
    console.log(JSON.stringify({ ranges: ranges(), repeated, longestPauseMs: pauseMs, overflowed: overflowed() }));
    process.exit(0);
  }, 20);
});

function ranges() {
  const list = [];
  for (const number of [...seen].sort((a, b) => a - b)) {
    const last = list.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else list.push([number, number]);
  }
  return list;
}

/** Of the whole namespace. */
function overflowed() {
  const lines = readFileSync("/proc/net/snmp", "utf8")
    .split("\n")
    .filter((line) => line.startsWith("Udp:"));
  const [names, values] = lines.map((line) => line.split(" "));
  const six = /^Udp6RcvbufErrors\s+(\d+)/m.exec(readFileSync("/proc/net/snmp6", "utf8"));
  return Number(values[names.indexOf("RcvbufErrors")]) + Number(six?.[1] ?? 0);
}
