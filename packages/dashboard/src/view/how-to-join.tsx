/** What stands where a mesh has no node. */
export function HowToJoin() {
  return (
    <section aria-labelledby="join-title">
      <h2 id="join-title">No node has joined yet</h2>
      <ol class="steps">
        <li>
          On the host of the control plane, make a token; it is good for one host and one hour, and what is printed is
          the next step:
          <pre>warren token create</pre>
        </li>
        <li>
          On the host that is to be a node, as root:
          <pre>warren join TOKEN@HOST:PORT</pre>
        </li>
      </ol>
      <p class="note">The node appears here by itself, a few seconds later.</p>
    </section>
  );
}
