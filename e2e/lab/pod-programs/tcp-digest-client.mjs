// node tcp-digest-client.mjs HOST PORT MIB [MIB-PER-SECOND]: sends that much data that does not repeat, or less when
// SIGTERM comes before, and prints as JSON its length, its SHA-256 and what the server made of it. A damaged byte that every
// checksum on the way let pass shows here.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const [host, port, mib, pace] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), allowHalfOpen: true });
const hash = createHash("sha256");
let answer = "";
socket.setEncoding("utf8");
socket.on("data", (chunk) => {
  answer += chunk;
});
socket.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
socket.on("end", () => {
  console.log(JSON.stringify({ sent: { bytes: sent << 20, sha256: hash.digest("hex") }, arrived: JSON.parse(answer) }));
  process.exit(0);
});
let sent = 0;
let isOver = false;
process.on("SIGTERM", () => {
  isOver = true;
});
const block = randomBytes(1 << 20);
const beganMs = performance.now();
for (; sent < Number(mib) && !isOver; sent++) {
  if (pace) await delay(Math.max(0, beganMs + (sent / Number(pace)) * 1000 - performance.now()));
  block.writeUInt32LE(sent, (sent * 4096) % block.length);
  // The socket may still hold the last block: each has memory of its own.
  const copy = Buffer.from(block);
  hash.update(copy);
  if (!socket.write(copy)) await once(socket, "drain");
}
socket.end();
