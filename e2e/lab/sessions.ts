import type { KeysInfo, PeerInfo } from "@warren/common/api/types.ts";
import type { Lab } from "./lab.ts";
import { waitFor } from "./wait-for.ts";

/** Resolves when each of the hosts seals for each other one with that cipher, in a session that was made with its present key. */
export async function sealedSessions(lab: Lab, hosts: readonly number[], cipher: string): Promise<void> {
  const names = hosts.map((host) => lab.host(host).netns);
  for (const host of hosts)
    await waitFor(`host ${host} to have its sessions with ${cipher}`, async () => {
      const { epoch } = await lab.agent(host).get<KeysInfo>("/v1/keys");
      const peers = await lab.agent(host).get<PeerInfo[]>("/v1/peers");
      const others = peers.filter(({ name }) => names.includes(name));
      const isSealed = ({ session }: PeerInfo) =>
        session?.state === "up" && session.cipher === cipher && session.keyEpoch === epoch;
      return others.length === names.length - 1 && others.every(isSealed);
    });
}
