// node udp-listen.mjs PORT: prints "SENDER PAYLOAD" for every datagram.
import { createSocket } from "node:dgram";

const socket = createSocket("udp6");
socket.on("message", (message, { address }) => console.log(`${address.replace(/^::ffff:/, "")} ${message}`));
socket.bind(Number(process.argv[2]), "::", () => console.log("listening"));
