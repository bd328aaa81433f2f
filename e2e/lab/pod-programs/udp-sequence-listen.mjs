// node udp-sequence-listen.mjs PORT: counts numbered datagrams (udp-sequence-send.mjs) and prints what came once a second
// as a line of JSON: how many different numbers, how many that came before, the greatest, and how many came out of order.
import { createSocket } from "node:dgram";

const socket = createSocket("udp6");
const seen = new Uint8Array(1 << 24);
const count = { different: 0, repeated: 0, greatest: -1, late: 0 };
socket.on("message", (message) => {
  const number = message.readUInt32BE(0);
  if (number < count.greatest) count.late += 1;
  else count.greatest = number;
  if (seen[number]) count.repeated += 1;
  else count.different += 1;
  seen[number] = 1;
});
socket.bind(Number(process.argv[2]), "::", () => console.log("listening"));
setInterval(() => console.log(JSON.stringify(count)), 1000);
