// node relay.mjs PATH PORT: hands every connection to the Unix socket PATH on to 127.0.0.1:PORT. Run in a network
// namespace, it lets those outside reach a port in there.
import { connect, createServer } from "node:net";

const [path, port] = process.argv.slice(2);
createServer((inbound) => {
  const outbound = connect(Number(port), "127.0.0.1");
  inbound.pipe(outbound).pipe(inbound);
  for (const [one, other] of [
    [inbound, outbound],
    [outbound, inbound],
  ])
    one.on("error", () => other.destroy());
}).listen(path, () => console.log("listening"));
