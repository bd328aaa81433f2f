// node tcp-digest-server.mjs PORT: reads each connection to its end, then answers with length and SHA-256 of what came.
import { createHash } from "node:crypto";
import { createServer } from "node:net";

createServer({ allowHalfOpen: true }, (socket) => {
  const hash = createHash("sha256");
  let bytes = 0;
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  socket.on("end", () => socket.end(`${JSON.stringify({ bytes, sha256: hash.digest("hex") })}\n`));
}).listen(Number(process.argv[2]), "::", () => console.log("listening"));
