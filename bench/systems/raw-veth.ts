import { kernelSystem } from "./kernel-system.ts";

/** The underlay itself: what there is to share out. */
export const rawVeth = kernelSystem("raw-veth", "the underlay, without an overlay", (lab) => {
  const [client, server] = [lab.host(1), lab.host(2)];
  return {
    setUp: async () => ({ client, server, serverAddress: server.underlay, serverProcesses: [] }),
    tearDown: async () => {},
  };
});
