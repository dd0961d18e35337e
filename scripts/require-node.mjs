// Loaded with --import before a script, so it runs where the script's TypeScript would not even load. Plain JavaScript for old Nodes.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `This needs Node 22.18 or later, and this is ${process.versions.node}. \`npm ci\` installs a fitting Node into node_modules; ` +
      "run it again without --omit=optional, or install a later Node on a platform that has none there."
  );
  process.exit(1);
}
