// node tcp-whoami-server.mjs PORT: tells every client the address it sees it at, and prints one JSON line for each.
import { createServer } from "node:net";

const port = Number(process.argv[2]);
const plain = (address) => address.replace(/^::ffff:/, "");

createServer((socket) => {
  const line = JSON.stringify({ peer: plain(socket.remoteAddress), local: plain(socket.localAddress) });
  console.log(line);
  socket.on("error", () => {});
  socket.end(`${line}\n`);
}).listen(port, "::", () => console.log(JSON.stringify({ listening: port })));
