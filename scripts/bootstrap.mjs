// Makes a fresh checkout runnable with whatever Node.js the machine has. The version is checked in this file, which
// even an old Node can parse; the work is in install.mjs.
const major = Number(process.versions.node.split(".")[0]);
if (major < 18) {
  console.error(
    "warren: Node.js " +
      process.versions.node +
      " is too old to set Warren up; expected 18 or newer (with npm). " +
      "Only the first run needs it: Warren then brings its own Node.js.",
  );
  process.exit(1);
}
void import("./install.mjs").then((install) => install.main());
