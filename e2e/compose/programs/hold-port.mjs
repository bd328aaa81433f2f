// node hold-port.mjs PORT: holds a TCP port of 127.0.0.1 until it is ended.
import { createServer } from "node:net";

createServer().listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listening"));
