import type { ClusterInfo, NodeInfo } from "@warren/common/api/types.ts";
import { isSealed } from "@warren/common/net/cipher.ts";
import { type Survey, viewOf } from "./survey.ts";

/** IP and ICMP header in front of the payload of a ping. */
const PING_HEADERS = { ipv4: 28, ipv6: 48 } as const;

/** What to look at next: only what helps with the failure at hand, with the addresses and ports of this mesh. */

/** Nothing passes between two nodes. */
export function lookAtPair(cluster: ClusterInfo, survey: Survey, from: string, to: string): string {
  const [sender, receiver] = [nodeOf(survey, from), nodeOf(survey, to)];
  const port = trafficPort(cluster, receiver);
  const way = `UDP port ${port} from ${sender.underlayAddress} to ${receiver.underlayAddress} and back must pass`;
  const session = isSealed(cluster.cipher) ? `\`warren peers\` on ${from} (session with ${to}), ` : "";
  const direct =
    cluster.encapsulation === "always"
      ? ""
      : `; without a tunnel (encapsulation ${cluster.encapsulation}) routers in between must know the pod CIDRs`;
  return `${way}${direct}: ${session}\`nft list ruleset\` on both and firewalls in between; \`warren doctor\` on ${from} and ${to}`;
}

/** Pods do not reach each other, while their nodes do. */
export function lookAtPods(from: string, to: string): string {
  const where = from === to ? from : `${from} and ${to}`;
  return `the node itself is reached, so it is between node and pod: the forward rules on ${where} (\`nft list ruleset\`, \`iptables -L FORWARD\`), firewalls in the pods; \`warren pod list\` and \`warren status\` there`;
}

export function lookAtNode(node: NodeInfo): string {
  return `on ${node.name} (${node.underlayAddress}): \`warren status\`, and the log of \`warren agent\` (\`journalctl -u warren-agent\`); is it running, and does it reach the control plane?`;
}

/** A node that is up by its heartbeats, which are short, and whose answer, which is long, does not come. */
export function lookAtSilence(node: NodeInfo): string {
  const size = node.underlayAddress.includes(":") ? 1500 - PING_HEADERS.ipv6 : 1500 - PING_HEADERS.ipv4;
  return `short messages of ${node.name} arrive, a long one does not: does the underlay carry its MTU? \`ping -M do -s ${size} CONTROL\` there, with the control plane's address; then ${lookAtNode(node)}`;
}

/** Where a node takes what others send. */
function trafficPort(cluster: ClusterInfo, node: NodeInfo): number {
  return isSealed(cluster.cipher) ? (node.sealing?.port ?? cluster.sealedPort) : node.port;
}

/** Long packets get lost from one node to another, small ones pass. */
export function blackHole(survey: Survey, from: string, to: string): string {
  const { dataplane } = viewOf(survey, from).status;
  const target = viewOf(survey, to).node.underlayAddress;
  const payload = dataplane.underlayMtu - (target.includes(":") ? PING_HEADERS.ipv6 : PING_HEADERS.ipv4);
  return `the underlay carries less than the ${dataplane.underlayMtu} bytes that ${from} reckons with: \`ping -M do -s ${payload} ${target}\` there; let it carry them, or set the MTU of the underlay interface on both to what passes: the agents follow`;
}

/** The kernel of a node has another idea of the overlay MTU than its agent. */
export function lookAtMtu(node: string, address: string): string {
  return `on ${node}: \`ip route get ${address}\` and \`ip link\` against the overlay MTU of \`warren status\`; restarting the agent sets it anew`;
}

/** A node cannot look at its underlay. */
export function lookAtCapture(node: string): string {
  return `the agent of ${node} needs CAP_NET_RAW and root to look at its underlay: its log says more`;
}

/** Something of a sealed cluster is on the underlay in the clear. */
export function lookAtClearText(from: string, to: string): string {
  return `\`warren status\` on ${from} and ${to}: cipher and warnings; \`ip route get\` to an address of ${to} on ${from} must name the overlay's device; a change of the cipher takes some seconds, so test again; until it is found, a stopped agent keeps ${from} from sending`;
}

/** Probes pass, but not where the capture looks. */
export function lookAtRoute(survey: Survey, from: string, to: string): string {
  const { underlayAddress } = nodeOf(survey, to);
  return `\`ip route get ${underlayAddress}\` on ${from} names the interface that is used; it should be the one of its underlay address (\`warren status\`)`;
}

function nodeOf(survey: Survey, name: string): NodeInfo {
  return viewOf(survey, name).node;
}
