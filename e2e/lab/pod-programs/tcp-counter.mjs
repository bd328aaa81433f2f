// node tcp-counter.mjs HOST PORT: sends 0, 1, 2, … to an echo server every 20 ms over one connection, and prints each
// number that came back. Ends with 1 when the connection breaks or a number comes back out of order.
import { connect } from "node:net";

const [host, port] = process.argv.slice(2);
const socket = connect({ host, port: Number(port) });
let next = 0;
let expected = 0;
let rest = "";
socket.setEncoding("utf8");
socket.on("connect", () => setInterval(() => socket.write(`${next++}\n`), 20));
socket.on("data", (chunk) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    if (Number(line) !== expected) fail(`expected ${expected}, got ${line}`);
    expected += 1;
    console.log(line);
  }
});
socket.on("error", (error) => fail(error.message));
socket.on("close", () => fail("closed"));

function fail(why) {
  console.error(why);
  process.exit(1);
}
