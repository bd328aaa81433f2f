// node tcp-whoami-client.mjs HOST PORT: prints as JSON its own address and the one the server saw it at.
import { connect } from "node:net";

const [host, port] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), timeout: 5000 });
let answer = "";
let own = null;
socket.setEncoding("utf8");
socket.on("connect", () => {
  own = socket.localAddress;
});
socket.on("timeout", () => socket.destroy(new Error("no answer within 5 s")));
socket.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
socket.on("data", (chunk) => {
  answer += chunk;
});
socket.on("end", () => console.log(JSON.stringify({ own, seenAs: JSON.parse(answer).peer })));
