// node udp-flood.mjs SOURCE DESTINATION PORT TIMES HEX…: sends the datagrams in turn, TIMES in all, as fast as the socket
// takes them, then prints how many. What the socket has no room for is sent again.
import { createSocket } from "node:dgram";

const [source, destination, port, times, ...datagrams] = process.argv.slice(2);
const messages = datagrams.map((hex) => Buffer.from(hex, "hex"));
const socket = createSocket(source.includes(":") ? "udp6" : "udp4");
const send = (message) =>
  new Promise((resolve) => {
    socket.send(message, Number(port), destination, (error) => resolve(error === null));
  });
socket.bind(0, source, async () => {
  for (let sent = 0; sent < Number(times); ) if (await send(messages[sent % messages.length])) sent += 1;
  console.log(`sent ${times}`);
  socket.close();
});
