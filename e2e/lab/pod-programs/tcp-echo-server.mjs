// node tcp-echo-server.mjs PORT: sends back what it gets, for connections that must outlive a restart.
import { createServer } from "node:net";

createServer((socket) => {
  socket.on("error", () => {});
  socket.pipe(socket);
}).listen(Number(process.argv[2]), "::", () => console.log("listening"));
