// node udp-sequence-send.mjs DESTINATION PORT COUNT PER-SECOND: sends datagrams numbered from 0, evenly over time, and
// prints how many left.
import { createSocket } from "node:dgram";

const [destination, port, count, perSecond] = process.argv.slice(2);
const socket = createSocket(destination.includes(":") ? "udp6" : "udp4");
const started = performance.now();
let next = 0;
let failed = 0;
const timer = setInterval(() => {
  const due = Math.min(Number(count), Math.floor(((performance.now() - started) / 1000) * Number(perSecond)) + 1);
  for (; next < due; next++) {
    const message = Buffer.alloc(64);
    message.writeUInt32BE(next, 0);
    socket.send(message, Number(port), destination, (error) => {
      if (error) failed += 1;
    });
  }
  if (next < Number(count)) return;
  clearInterval(timer);
  socket.close(() => console.log(JSON.stringify({ sent: next, failed })));
}, 5);
