// node udp-repeat.mjs SOURCE INTERVAL-MS HEX HOST:PORT…: sends one datagram to each over and over until SIGTERM; then
// prints how often.
import { createSocket } from "node:dgram";

const [source, intervalMs, hex, ...targets] = process.argv.slice(2);
const datagram = Buffer.from(hex, "hex");
const socket = createSocket(source.includes(":") ? "udp6" : "udp4");
// A port that is closed for a while answers with an error.
socket.on("error", () => {});
let rounds = 0;
socket.bind(0, source, () => {
  console.log("sending");
  const timer = setInterval(() => {
    rounds += 1;
    for (const target of targets) {
      const at = target.lastIndexOf(":");
      socket.send(datagram, Number(target.slice(at + 1)), target.slice(0, at), () => {});
    }
  }, Number(intervalMs));
  process.on("SIGTERM", () => {
    clearInterval(timer);
    console.log(`sent ${rounds}`);
    setImmediate(() => process.exit(0));
  });
});
