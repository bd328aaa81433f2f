// node udp-send.mjs SOURCE SOURCE-PORT DESTINATION PORT HEX…: sends each argument as one datagram, then ends.
import { createSocket } from "node:dgram";

const [source, sourcePort, destination, port, ...datagrams] = process.argv.slice(2);
const socket = createSocket(source.includes(":") ? "udp6" : "udp4");
socket.bind(Number(sourcePort), source, async () => {
  for (const hex of datagrams)
    await new Promise((resolve, reject) =>
      socket.send(Buffer.from(hex, "hex"), Number(port), destination, (error) => (error ? reject(error) : resolve())),
    );
  socket.close();
});
