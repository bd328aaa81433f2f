// connections-client.ts ADDRESS PORT SECONDS: keeps 16 connections on their way, each of which is opened, sends a byte,
// gets one back, and is closed when the server has closed it. Prints as JSON how many there were in how many seconds.
import { PollSet, READABLE, WRITABLE } from "./poll-set.ts";
import { close, connectTo, receiveByte, sendByte, socketAddress } from "./tcp-calls.ts";

const AT_ONCE = 16;

const [host, port, seconds] = process.argv.slice(2);
const server = socketAddress(host!, Number(port));
const open = new PollSet(AT_ONCE);
const answered: (boolean | null)[] = Array.from({ length: AT_ONCE }, () => null);
const startMs = performance.now();
const endMs = startMs + Number(seconds) * 1000;
let connections = 0;

for (let slot = 0; slot < AT_ONCE; slot++) begin(slot);
while (performance.now() < endMs) open.wait(100, step);
console.log(JSON.stringify({ connections, seconds: (performance.now() - startMs) / 1000 }));

function begin(slot: number): void {
  answered[slot] = null;
  open.set(slot, connectTo(server), WRITABLE);
}

function step(slot: number, fd: number): void {
  if (answered[slot] === null) {
    // It is open; had it failed, this says why.
    sendByte(fd);
    answered[slot] = false;
    open.set(slot, fd, READABLE);
    return;
  }
  for (;;) {
    const bytes = receiveByte(fd);
    if (bytes === null) return;
    if (bytes === 0) break;
    answered[slot] = true;
  }
  if (!answered[slot]) throw new Error("the server closed a connection without an answer");
  close(fd);
  connections += 1;
  begin(slot);
}
