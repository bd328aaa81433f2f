// connections-server.ts ADDRESS PORT: takes every connection, waits for a byte, sends one back and closes first: the
// client has nothing left of a connection, and never runs out of ports.
import { PollSet, READABLE } from "./poll-set.ts";
import { accept, close, listenOn, receiveByte, sendByte, socketAddress } from "./tcp-calls.ts";

const [address, port] = process.argv.slice(2);
const LISTENER = 0;
const open = new PollSet(1024);
open.set(LISTENER, listenOn(socketAddress(address!, Number(port))), READABLE);

for (;;)
  open.wait(1_000, (slot, fd) => {
    if (slot === LISTENER)
      for (let next = accept(fd); next !== null; next = accept(fd)) open.set(open.free(), next, READABLE);
    else answer(slot, fd);
  });

function answer(slot: number, fd: number): void {
  try {
    const bytes = receiveByte(fd);
    if (bytes === null) return;
    if (bytes > 0) sendByte(fd);
  } catch {
    // The client ended, and its connections with it.
  }
  open.remove(slot);
  close(fd);
}
