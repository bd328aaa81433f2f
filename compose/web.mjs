// The server of the demo: says on which host it is and from which address it was asked, so that everybody can see that
// there is no NAT on the way. `/?bytes=N` adds that many bytes.
import { createServer } from "node:http";
import { hostname } from "node:os";

const PORT = 8080;
const MOST_BYTES = 1 << 20;

createServer((request, response) => {
  const bytes = Number(new URL(request.url, "http://web").searchParams.get("bytes") ?? 0);
  const seenAs = request.socket.remoteAddress.replace(/^::ffff:/, "");
  response.setHeader("content-type", "application/json");
  response.end(
    `${JSON.stringify({ pod: "web", host: hostname(), seenAs, padding: "x".repeat(Math.min(bytes, MOST_BYTES) || 0) })}\n`,
  );
}).listen(PORT, () => console.log(`web: listens on port ${PORT}`));
