// node udp-stream-send.mjs HOST PORT INTERVAL-MS BYTES MARKER: sends numbered datagrams, each filled with "MARKER NUMBER ",
// until SIGTERM; prints how many now and then, and in the end.
import { createSocket } from "node:dgram";

const [host, port, intervalMs, bytes, marker] = process.argv.slice(2);
const TOLD_EVERY = 50;
const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
let sent = 0;
// A host that is unreachable for a while is an error of a single datagram.
socket.on("error", () => {});
const timer = setInterval(() => {
  const word = `${marker}${String(sent++).padStart(8, "0")} `;
  socket.send(
    word.repeat(Math.ceil(Number(bytes) / word.length)).slice(0, Number(bytes)),
    Number(port),
    host,
    () => {},
  );
  if (sent % TOLD_EVERY === 0) console.log(`sent ${sent}`);
}, Number(intervalMs));
process.on("SIGTERM", () => {
  clearInterval(timer);
  console.log(`sent ${sent}`);
  setImmediate(() => process.exit(0));
});
console.log("sending");
